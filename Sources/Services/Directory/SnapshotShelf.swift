internal import DequeModule
internal import SessionService
internal import UserAPI

/// Which list of which session.
struct ListKey: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case groups, contacts
  }

  var session: String
  var kind: Kind

  static func both(of session: String) -> [ListKey] {
    [ListKey(session: session, kind: .groups), ListKey(session: session, kind: .contacts)]
  }
}

/// The same moment on both clocks.
struct Moment: Sendable {
  var instant: ContinuousClock.Instant
  var wallClock: Timestamp
}

/// The snapshots that are kept, and what is to be done about a request for a list. A value type:
/// whoever shares it locks it, and acts on its answers outside of the lock.
///
/// When they take too much together, the lists go that nobody has asked for longest. Every operation
/// takes constant time in the number of lists.
struct SnapshotShelf: Sendable {
  /// A snapshot to serve from, with what is to be said of it.
  struct Served: Sendable {
    var snapshot: Snapshot
    var asOf: Timestamp
    var warning: DirectoryWarning?
  }

  /// What a request for a list leads to.
  enum Answer: Sendable {
    case serve(Served)
    /// The same, and the list is to be read anew for those who come later. Said once for each read.
    case serveAndRefresh(Served)
    /// The list is to be read first.
    case read
    /// It is not to be read now, and what is kept is too old.
    case fail(UserAPIError)
  }

  /// A read under way.
  struct Read: Sendable {
    fileprivate var key: ListKey
    fileprivate var id: UInt64
    fileprivate var beganAt: Moment
  }

  private struct Kept: Sendable {
    var snapshot: Snapshot
    var readAt: Moment
    var usedAt: ContinuousClock.Instant
    /// Whether somebody was given a page that is not the last, and may come back for the next.
    var hasWalkers = false
  }

  private struct Pause: Sendable {
    var until: ContinuousClock.Instant
    var error: UserAPIError
  }

  private struct List: Sendable {
    /// The newest is the last; the others are there for those who walk over them.
    var kept: [Kept] = []
    var account: SessionAccount?
    /// The read whose result is to be kept.
    var read: UInt64?
    var isRefreshing = false
    /// Since when an answer of WAHA's that is empty or much smaller waits for a second look.
    var doubtSince: ContinuousClock.Instant?
    var hasFailed = false
    /// Until when the list is not to be refreshed behind.
    var nextRefresh: ContinuousClock.Instant?
    /// While WhatsApp wants to be left alone.
    var pause: Pause?
    /// The number of the last of its ``Use``s.
    var use: UInt64 = 0

    func isPaused(at now: ContinuousClock.Instant) -> Bool {
      self.pause.map { $0.until > now } ?? false
    }

    var warning: DirectoryWarning? {
      guard let newest = self.kept.last else { return nil }
      if self.doubtSince != nil { return newest.snapshot.count == 0 ? .listEmpty : .listShrank }
      return self.hasFailed ? .refreshFailed : nil
    }

    var newest: Served? {
      self.kept.last.map { newest in
        Served(
          snapshot: newest.snapshot, asOf: newest.readAt.wallClock, warning: self.warning)
      }
    }
  }

  private struct Use: Sendable {
    var key: ListKey
    var number: UInt64
    var at: ContinuousClock.Instant
  }

  /// What a list costs beside its snapshots, about, in bytes.
  private static let listOverhead = 512

  private let configuration: Directory.Configuration
  private var lists: [ListKey: List] = [:]
  /// The longest ago first. Of a list only the one with its last number counts.
  private var uses = Deque<Use>()
  private var lastNumber: UInt64 = 0
  /// What all of them take, in bytes.
  private(set) var size = 0

  init(configuration: Directory.Configuration) {
    self.configuration = configuration
  }

  // MARK: Requests

  /// - Parameter maxAge: How old the list may be for this caller; nil for as old as the limits
  ///   allow.
  mutating func request(
    _ key: ListKey, maxAge: Duration?, at now: ContinuousClock.Instant
  ) -> Answer {
    self.use(key, at: now)
    guard var list = self.lists[key] else { preconditionFailure("a list in use is not there") }
    guard let served = list.newest, let newest = list.kept.indices.last else {
      return Self.read(list, at: now)
    }
    list.kept[newest].usedAt = now
    defer { self.lists[key] = list }
    let age = now - list.kept[newest].readAt.instant
    let isDue = list.doubtSince != nil || age >= self.configuration.freshAge
    let mayRefresh = list.nextRefresh.map { now >= $0 } ?? true
    guard age < self.configuration.limit(maxAge) else {
      // What is doubted was looked at only now; asking again at once would tell no more.
      if list.doubtSince != nil, !mayRefresh { return .serve(served) }
      return Self.read(list, at: now)
    }
    guard isDue, mayRefresh, !list.isRefreshing, !list.isPaused(at: now) else {
      return .serve(served)
    }
    list.isRefreshing = true
    return .serveAndRefresh(served)
  }

  private static func read(_ list: List, at now: ContinuousClock.Instant) -> Answer {
    guard let pause = list.pause, list.isPaused(at: now) else { return .read }
    let error = pause.error
    return .fail(
      UserAPIError(error.reason, error.message, retryAfter: pause.until - now, cause: error.cause))
  }

  /// What there is while WAHA cannot be asked how the session is; nil when it is too old.
  mutating func requestWithoutWAHA(
    _ key: ListKey, maxAge: Duration?, at now: ContinuousClock.Instant
  ) -> Served? {
    guard let list = self.lists[key], let newest = list.kept.last, var served = list.newest,
      now - newest.readAt.instant < self.configuration.limit(maxAge)
    else { return nil }
    self.use(key, at: now)
    served.warning = served.warning ?? .refreshFailed
    return served
  }

  /// The snapshot of that id; nil when it is no longer kept.
  mutating func request(
    _ key: ListKey, snapshot id: String, at now: ContinuousClock.Instant
  ) -> Served? {
    guard var list = self.lists[key],
      let index = list.kept.firstIndex(where: { $0.snapshot.id.utf8.elementsEqual(id.utf8) })
    else { return nil }
    list.kept[index].usedAt = now
    self.lists[key] = list
    self.use(key, at: now)
    let kept = list.kept[index]
    return Served(
      snapshot: kept.snapshot, asOf: kept.readAt.wallClock,
      warning: index == list.kept.indices.last ? list.warning : nil)
  }

  /// A page of the snapshot was given out that is not the last.
  mutating func walkBegan(_ key: ListKey, _ snapshot: Snapshot) {
    guard let index = self.lists[key]?.kept.lastIndex(where: { $0.snapshot === snapshot })
    else { return }
    self.lists[key]?.kept[index].hasWalkers = true
  }

  // MARK: Reads

  /// - Parameter account: Whose the session is, if that is known.
  mutating func readBegan(
    _ key: ListKey, account: SessionAccount?, at now: Moment
  ) -> Read {
    self.use(key, at: now.instant)
    if let account { self.lists[key]?.account = account }
    self.lastNumber += 1
    self.lists[key]?.read = self.lastNumber
    return Read(key: key, id: self.lastNumber, beganAt: now)
  }

  /// Keeps what was read, unless it is no longer wanted or not to be believed yet.
  ///
  /// - Returns: what those are to be served from who waited for the read.
  mutating func readFinished(
    _ read: Read, _ snapshot: Snapshot, at now: ContinuousClock.Instant
  ) -> Served {
    guard var list = self.lists[read.key], list.read == read.id else {
      return Served(
        snapshot: snapshot, asOf: read.beganAt.wallClock,
        warning: snapshot.count == 0 ? .listEmpty : nil)
    }
    list.read = nil
    list.isRefreshing = false
    list.pause = nil
    list.hasFailed = false
    list.nextRefresh = nil
    let hasWaited = list.doubtSince.map { now - $0 >= self.configuration.secondLookDelay } ?? false
    if let newest = list.kept.last, newest.snapshot.isEqual(to: snapshot) {
      list.kept[list.kept.count - 1].readAt = read.beganAt
      if newest.snapshot.count > 0 || hasWaited { list.doubtSince = nil }
    } else if let newest = list.kept.last,
      Self.isMuchSmaller(snapshot.count, than: newest.snapshot.count), !hasWaited
    {
      list.doubtSince = list.doubtSince ?? now
    } else {
      list.doubtSince = list.kept.isEmpty && snapshot.count == 0 ? now : nil
      self.supersede(&list, at: now)
      list.kept.append(Kept(snapshot: snapshot, readAt: read.beganAt, usedAt: now))
      self.size += snapshot.size
    }
    if list.doubtSince != nil { list.nextRefresh = now + self.configuration.secondLookDelay }
    guard let served = list.newest else { preconditionFailure("what was read is not there") }
    self.lists[read.key] = list
    self.evict(but: read.key, at: now)
    return served
  }

  mutating func readFailed(
    _ read: Read, _ error: UserAPIError, at now: ContinuousClock.Instant
  ) {
    guard var list = self.lists[read.key], list.read == read.id else { return }
    list.read = nil
    list.isRefreshing = false
    if error.code != .canceled {
      list.hasFailed = true
      list.nextRefresh = now + self.configuration.failurePause
    }
    if error.reason == .upstreamRateLimited, let pause = error.retryAfter {
      list.pause = Pause(until: now + pause, error: error)
    }
    self.lists[read.key] = list
  }

  /// A refresh is over, whichever read it came to.
  mutating func refreshEnded(_ key: ListKey) {
    self.lists[key]?.isRefreshing = false
  }

  /// Whether an answer is so small after the one before that WAHA may have lost its way.
  private static func isMuchSmaller(_ count: Int, than before: Int) -> Bool {
    count == 0 ? before > 0 : before >= 10 && count < before / 2
  }

  // MARK: The end of snapshots

  /// Takes note of whose the session is, which is nil while that is not known.
  ///
  /// - Returns: whether it was somebody else's before; what was read for them is dropped then.
  mutating func settle(_ session: String, _ account: SessionAccount?) -> Bool {
    guard let account else { return false }
    let keys = ListKey.both(of: session)
    let isAnother = keys.contains { key in
      self.lists[key]?.account.map { $0 != account } ?? false
    }
    if isAnother { self.drop(session) }
    for key in keys { self.lists[key]?.account = account }
    return isAnother
  }

  /// Drops what is known of a session's lists. What is read at this moment is not kept either.
  mutating func drop(_ session: String) {
    for key in ListKey.both(of: session) { self.remove(key) }
  }

  private mutating func remove(_ key: ListKey) {
    guard let list = self.lists.removeValue(forKey: key) else { return }
    self.size -= Self.listOverhead + list.kept.reduce(0) { $0 + $1.snapshot.size }
  }

  /// Makes room for a newer snapshot: only those stay over which somebody walks.
  private mutating func supersede(_ list: inout List, at now: ContinuousClock.Instant) {
    var stays = list.kept.filter { kept in
      kept.hasWalkers && now - kept.usedAt < self.configuration.walkAge
    }
    stays.removeFirst(max(0, stays.count - self.configuration.maxWalkedSnapshots))
    self.size -=
      list.kept.reduce(0) { $0 + $1.snapshot.size } - stays.reduce(0) { $0 + $1.snapshot.size }
    list.kept = stays
  }

  private mutating func use(_ key: ListKey, at now: ContinuousClock.Instant) {
    self.lastNumber += 1
    if self.lists[key] == nil { self.size += Self.listOverhead }
    self.lists[key, default: List()].use = self.lastNumber
    self.uses.append(Use(key: key, number: self.lastNumber, at: now))
    // Void ones go at the front, and all of them when they have come to be most.
    if self.uses.count > 2 * self.lists.count + 64 {
      self.uses.removeAll { self.lists[$0.key]?.use != $0.number }
    }
    self.evict(but: key, at: now)
  }

  /// Removes the lists that nobody has used for long, and more while all take too much.
  private mutating func evict(but key: ListKey, at now: ContinuousClock.Instant) {
    let longest = max(self.configuration.staleAge, self.configuration.walkAge)
    while let use = self.uses.first {
      let isVoid = self.lists[use.key]?.use != use.number
      guard isVoid || self.size > self.configuration.maxSize || now - use.at >= longest else {
        return
      }
      if !isVoid {
        // The one that is in use at this moment stays, whatever it takes.
        guard use.key != key else { return }
        self.remove(use.key)
      }
      self.uses.removeFirst()
    }
  }
}
