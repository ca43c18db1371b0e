internal import DequeModule
internal import SessionService
internal import UserAPI

/// The snapshots that are kept, and what is to be done about a request for a list. A value type:
/// whoever shares it locks it, and acts on its answers outside of the lock.
///
/// When they take too much together, the lists go that nobody has asked for longest. Every operation
/// takes constant time in the number of lists and in their length.
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
  }

  /// For how long WAHA is not to be asked, and why.
  private struct Pause: Sendable {
    var until: ContinuousClock.Instant
    var error: UserAPIError

    func left(at now: ContinuousClock.Instant) -> UserAPIError? {
      guard now < self.until else { return nil }
      return UserAPIError(
        self.error.reason, self.error.message, retryAfter: self.until - now,
        cause: self.error.cause)
    }
  }

  private struct Use: Sendable {
    var key: ListKey
    var number: UInt64
    var at: ContinuousClock.Instant
  }

  /// What a list costs beside its snapshots, about, in bytes.
  private static let listOverhead = 512
  private static let fewPauses = 1_024

  private let configuration: Directory.Configuration
  private var lists: [ListKey: KeptList] = [:]
  /// The longest ago first. Of a list only the one with its last number counts.
  private var uses = Deque<Use>()
  private var lastNumber: UInt64 = 0
  private var pauses: [ListKey: Pause] = [:]
  /// With so many of them those that are over are looked for.
  private var mostPauses = fewPauses
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
    let pause = self.pauses[key].flatMap { $0.left(at: now) }
    guard var list = self.lists[key], let newest = list.newest else {
      return pause.map(Answer.fail) ?? .read
    }
    defer { self.lists[key] = list }
    let age = now - newest.readAt.instant
    guard age < self.configuration.limit(maxAge) else {
      // What WAHA has said a moment ago it says again.
      let isDoubted = list.doubt.map { now < $0.lookAgainAt } ?? false
      let isJustRead =
        list.failures == 0 && age < self.configuration.staleAge
        && list.readEndedAt.map { now - $0 < self.configuration.minReadInterval } ?? false
      guard isDoubted || isJustRead else { return pause.map(Answer.fail) ?? .read }
      return .serve(list.serveNewest(at: now))
    }
    let isDue =
      list.doubt.map { now >= $0.lookAgainAt } ?? (age >= self.configuration.freshAge)
    guard isDue, list.nextRefresh.map({ now >= $0 }) ?? true, !list.isRefreshing, pause == nil
    else { return .serve(list.serveNewest(at: now)) }
    list.isRefreshing = true
    return .serveAndRefresh(list.serveNewest(at: now))
  }

  /// WAHA cannot be asked how the session is.
  mutating func statusFailed(_ session: String, at now: ContinuousClock.Instant) {
    for key in ListKey.both(of: session) {
      self.lists[key]?.silentUntil = now + self.configuration.silentPause
    }
  }

  /// Whether WAHA could not be asked a moment ago, so that there is no use in asking it again.
  func isSilent(_ key: ListKey, at now: ContinuousClock.Instant) -> Bool {
    self.lists[key]?.silentUntil.map { now < $0 } ?? false
  }

  /// What there is while WAHA cannot be asked how the session is; nil when it is too old.
  ///
  /// - Parameter id: The snapshot that is asked for; nil for the newest.
  mutating func requestWithoutWAHA(
    _ key: ListKey, snapshot id: String?, maxAge: Duration?, at now: ContinuousClock.Instant
  ) -> Served? {
    guard let newest = self.lists[key]?.newest else { return nil }
    if id == nil, now - newest.readAt.instant >= self.configuration.limit(maxAge) { return nil }
    return self.request(key, snapshot: id ?? newest.snapshot.id, at: now).map { served in
      Served(
        snapshot: served.snapshot, asOf: served.asOf, warning: served.warning ?? .refreshFailed)
    }
  }

  /// The snapshot of that id; nil when it is no longer kept.
  mutating func request(
    _ key: ListKey, snapshot id: String, at now: ContinuousClock.Instant
  ) -> Served? {
    guard let index = self.lists[key]?.index(of: id) else { return nil }
    let served = self.lists[key]?.serve(index, at: now)
    self.use(key, at: now)
    return served
  }

  /// A page of the snapshot was made that is not the last.
  mutating func walkBegan(_ key: ListKey, over snapshot: Snapshot) {
    self.lists[key]?.walkBegan(over: snapshot)
  }

  // MARK: Reads

  /// - Parameter account: Whose the session is, if that is known.
  mutating func readBegan(
    _ key: ListKey, account: SessionAccount?, at now: ContinuousClock.Instant
  ) -> Read {
    self.use(key, at: now)
    self.lastNumber += 1
    self.lists[key]?.read = self.lastNumber
    if let account { self.lists[key]?.account = account }
    return Read(key: key, id: self.lastNumber)
  }

  /// Keeps what was read, unless it is no longer wanted or not to be believed yet.
  ///
  /// - Parameter readAt: When WAHA was asked.
  /// - Returns: what those are to be served from who waited for the read.
  mutating func readFinished(
    _ read: Read, _ snapshot: Snapshot, readAt: Moment, at now: ContinuousClock.Instant
  ) -> Served {
    let isWanted = self.change(read) { list, configuration in
      list.take(snapshot, readAt: readAt, at: now, configuration)
    }
    self.use(read.key, at: now)
    guard isWanted, let list = self.lists[read.key], let newest = list.newest else {
      return Served(
        snapshot: snapshot, asOf: readAt.wallClock,
        warning: snapshot.count == 0 ? .listEmpty : nil)
    }
    return Served(
      snapshot: newest.snapshot, asOf: newest.readAt.wallClock, warning: list.warning)
  }

  mutating func readFailed(
    _ read: Read, _ error: UserAPIError, at now: ContinuousClock.Instant
  ) {
    let isWanted = self.change(read) { list, configuration in
      if error.code != .canceled { list.readFailed(at: now, configuration) }
    }
    // Whoever restarts a session does not end what WhatsApp wants.
    guard isWanted || error.reason == .upstreamRateLimited else { return }
    if let pause = self.configuration.pause(after: error) {
      self.forgetPauses(at: now)
      // It is the account that WhatsApp throttles, whichever list was asked for.
      let isForAccount = error.reason != .upstreamListTooLarge
      for key in isForAccount ? ListKey.both(of: read.key.session) : [read.key] {
        self.pauses[key] = Pause(until: now + pause, error: error)
      }
    }
  }

  /// A refresh is over, whichever read it came to.
  mutating func refreshEnded(_ key: ListKey) {
    self.lists[key]?.isRefreshing = false
  }

  /// Ends the read, if it is still the one that counts.
  private mutating func change(
    _ read: Read, _ body: (inout KeptList, Directory.Configuration) -> Void
  ) -> Bool {
    guard var list = self.lists[read.key], list.read == read.id else { return false }
    let size = list.size
    list.read = nil
    list.isRefreshing = false
    body(&list, self.configuration)
    self.size += list.size - size
    self.lists[read.key] = list
    return true
  }

  // MARK: The end of snapshots

  /// Takes note of whose the session is, which is nil while that is not known.
  ///
  /// - Returns: whether it was somebody else's before; what was read for them is to be dropped then
  ///   (``drop(_:)``), once nobody can join a read that is for them.
  mutating func settle(_ session: String, _ account: SessionAccount?) -> Bool {
    guard let account else { return false }
    let keys = ListKey.both(of: session)
    let isAnother = keys.contains { key in
      self.lists[key]?.account.map { $0 != account } ?? false
    }
    for key in keys {
      if isAnother { self.pauses[key] = nil } else { self.lists[key]?.account = account }
    }
    return isAnother
  }

  /// Drops what is known of a session's lists. What is read at this moment is not kept either.
  mutating func drop(_ session: String) {
    for key in ListKey.both(of: session) { self.remove(key) }
  }

  private mutating func remove(_ key: ListKey) {
    guard let list = self.lists.removeValue(forKey: key) else { return }
    self.size -= Self.listOverhead + list.size
  }

  private mutating func forgetPauses(at now: ContinuousClock.Instant) {
    guard self.pauses.count >= self.mostPauses else { return }
    self.pauses = self.pauses.filter { now < $0.value.until }
    self.mostPauses = max(Self.fewPauses, 2 * self.pauses.count)
  }

  private mutating func use(_ key: ListKey, at now: ContinuousClock.Instant) {
    self.lastNumber += 1
    if self.lists[key] == nil { self.size += Self.listOverhead }
    var list = self.lists[key] ?? KeptList()
    list.use = self.lastNumber
    if list.kept.count > 1 {
      self.size -= list.size
      list.prune(at: now, self.configuration)
      self.size += list.size
    }
    self.lists[key] = list
    self.uses.append(Use(key: key, number: self.lastNumber, at: now))
    // Void ones go at the front, and all of them when they have come to be most.
    if self.uses.count > 2 * self.lists.count + 64 {
      self.uses.removeAll { self.lists[$0.key]?.use != $0.number }
    }
    self.evict(but: key, at: now)
  }

  /// Removes the lists that nobody has used for long, and more while all take too much; but not the
  /// one that is in use, and none that is being read.
  private mutating func evict(but key: ListKey, at now: ContinuousClock.Instant) {
    let longest = max(self.configuration.staleAge, self.configuration.walkAge)
    for _ in 0..<self.uses.count {
      guard let use = self.uses.first else { return }
      let list = self.lists[use.key]
      let isVoid = list?.use != use.number
      guard isVoid || self.size > self.configuration.maxSize || now - use.at >= longest else {
        return
      }
      self.uses.removeFirst()
      if isVoid { continue }
      if use.key == key || list?.read != nil {
        self.uses.append(use)
      } else {
        self.remove(use.key)
      }
    }
  }
}
