internal import SessionService
internal import UserAPI

/// What is kept of one list: its newest snapshot, those before it over which somebody walks, and what
/// is known of its reads.
struct KeptList: Sendable {
  struct Kept: Sendable {
    let snapshot: Snapshot
    var readAt: Moment
    var usedAt: ContinuousClock.Instant
    /// Whether somebody was given a page that is not the last, and may come back for the next.
    var hasWalkers = false
  }

  /// An answer of WAHA's that is empty or much smaller, and waits for one that says the same.
  struct Doubt: Sendable {
    var count: Int
    var lookAgainAt: ContinuousClock.Instant
    /// How many such answers there were, each other than the one before.
    var looks = 1
  }

  /// A page that was taken from a snapshot is still on its way so long after.
  private static let pageAge: Duration = .seconds(10)
  /// After so many looks an answer is believed, though it is none that came before.
  private static let mostLooks = 3

  /// The newest is the last.
  private(set) var kept: [Kept] = []
  /// Whose list it is; nil while that is not known.
  var account: SessionAccount?
  /// The read whose result is to be kept.
  var read: UInt64?
  var isRefreshing = false
  private(set) var doubt: Doubt?
  private(set) var readEndedAt: ContinuousClock.Instant?
  /// How many reads have failed since the last that did not.
  private(set) var failures = 0
  /// Until when the list is not to be read behind.
  private(set) var nextRefresh: ContinuousClock.Instant?
  /// Until when WAHA is not asked how the session is, because it did not say.
  var silentUntil: ContinuousClock.Instant?
  /// The number of the last time that somebody used it.
  var use: UInt64 = 0

  var newest: Kept? { self.kept.last }

  /// What the snapshots take, in bytes.
  var size: Int { self.kept.reduce(0) { $0 + $1.snapshot.size } }

  var warning: DirectoryWarning? {
    if self.doubt != nil { return self.newest?.snapshot.count == 0 ? .listEmpty : .listShrank }
    return self.failures > 0 ? .refreshFailed : nil
  }

  /// The place of the snapshot of that id.
  func index(of id: String) -> Int? {
    self.kept.firstIndex { $0.snapshot.id.hasSameBytes(as: id) }
  }

  // MARK: Uses

  /// Takes note that a page is about to be made of one of them.
  mutating func serve(_ index: Int, at now: ContinuousClock.Instant) -> SnapshotShelf.Served {
    self.kept[index].usedAt = now
    return SnapshotShelf.Served(
      snapshot: self.kept[index].snapshot, asOf: self.kept[index].readAt.wallClock,
      warning: index == self.kept.count - 1 ? self.warning : nil)
  }

  mutating func serveNewest(at now: ContinuousClock.Instant) -> SnapshotShelf.Served {
    self.serve(self.kept.count - 1, at: now)
  }

  mutating func walkBegan(over snapshot: Snapshot) {
    guard let index = self.kept.lastIndex(where: { $0.snapshot === snapshot }) else { return }
    self.kept[index].hasWalkers = true
  }

  /// Drops what came before the newest and is of no use any more, or takes too much.
  mutating func prune(at now: ContinuousClock.Instant, _ configuration: Directory.Configuration) {
    guard self.kept.count > 1 else { return }
    var older = self.kept.dropLast().filter { kept in
      now - kept.usedAt < (kept.hasWalkers ? configuration.walkAge : Self.pageAge)
    }
    var size = older.reduce(0) { $0 + $1.snapshot.size }
    // One list is not to drive all others out.
    while older.count > configuration.maxWalkedSnapshots || size > configuration.maxSize / 4 {
      size -= older.removeFirst().snapshot.size
    }
    self.kept = older + self.kept.suffix(1)
  }

  // MARK: Reads

  /// Makes the snapshot the newest, unless it is the same as before or not to be believed yet.
  mutating func take(
    _ snapshot: Snapshot, readAt: Moment, at now: ContinuousClock.Instant,
    _ configuration: Directory.Configuration
  ) {
    self.failures = 0
    self.readEndedAt = now
    // WAHA has at least as long a rest as it had work.
    self.nextRefresh = now + (now - readAt.instant)
    let isTimeToLook = self.doubt.map { now >= $0.lookAgainAt } ?? true
    if let newest, newest.snapshot.digest == snapshot.digest {
      self.kept[self.kept.count - 1].readAt = readAt
      if snapshot.count > 0 || isTimeToLook { self.doubt = nil }
      return
    }
    if let newest, Self.isMuchSmaller(snapshot.count, than: newest.snapshot.count),
      !self.isConfirmed(snapshot.count, isTimeToLook)
    {
      guard isTimeToLook else { return }
      self.doubt = Doubt(
        count: snapshot.count, lookAgainAt: now + configuration.secondLookDelay,
        looks: (self.doubt?.looks ?? 0) + 1)
      return
    }
    let isFirstAndEmpty = self.kept.isEmpty && snapshot.count == 0
    self.doubt =
      isFirstAndEmpty
      ? Doubt(count: 0, lookAgainAt: now + configuration.secondLookDelay) : nil
    self.kept.append(Kept(snapshot: snapshot, readAt: readAt, usedAt: now))
    self.prune(at: now, configuration)
  }

  mutating func readFailed(
    at now: ContinuousClock.Instant, _ configuration: Directory.Configuration
  ) {
    self.readEndedAt = now
    let longer = 1 << min(self.failures, 16)
    self.failures += 1
    self.nextRefresh =
      now + min(configuration.failurePause * longer, configuration.maxFailurePause)
  }

  private func isConfirmed(_ count: Int, _ isTimeToLook: Bool) -> Bool {
    guard let doubt, isTimeToLook else { return false }
    // People come and go; a list that is still being loaded grows by more.
    let isClose = abs(count - doubt.count) <= max(2, doubt.count / 10)
    return isClose || doubt.looks >= Self.mostLooks
  }

  /// Whether an answer is so small after the one before that WAHA may have lost its way.
  private static func isMuchSmaller(_ count: Int, than before: Int) -> Bool {
    count == 0 ? before > 0 : before >= 10 && count * 2 < before
  }
}
