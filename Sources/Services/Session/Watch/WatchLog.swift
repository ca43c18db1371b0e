internal import DequeModule
internal import UserAPI

/// The latest events of one session, and how its watchers read them.
struct WatchLog: Sendable {
  /// How many events are kept.
  static let capacity = 64
  /// How many of the latest keep their codes, of which a picture takes some kilobytes. WhatsApp gives
  /// up after fewer.
  private static let codes = 16

  /// Where a watcher stands.
  enum Position: Equatable, Sendable {
    /// It is to begin with the state now.
    case beginning
    /// It has had the events up to this one, from another log perhaps.
    case resuming(after: Int)
    /// It has had the events up to this one from this log.
    case reading(after: Int)
  }

  enum Read: Equatable {
    case event(WatchEvent)
    /// There is nothing new.
    case wait
    /// Nothing new will come, because the session is logged out (nil) or cannot be watched.
    case end(UserAPIError?)
    /// The next event is no longer kept.
    case overrun
  }

  private var events = Deque<WatchEvent>()
  /// The newest event that is no longer kept.
  private var lastDropped: Int?
  /// What is read behind the last event: that there will be another, or not.
  private var end = Read.wait

  /// Adds the state of the session from now on.
  mutating func append(_ report: SessionFollower.Report, at now: Timestamp) {
    // By the time, so that the numbers of a log that another server keeps, or this one after a
    // restart, are others.
    let sequence = max(Int(now.millisecondsSinceEpoch), (self.events.last?.sequence ?? 0) + 1)
    self.events.append(
      WatchEvent(
        sequence: sequence, at: now, status: report.status, reported: report.reported,
        verifiedAt: report.verifiedAt, reason: report.reason, code: report.code))
    let stale = self.events.count - 1 - Self.codes
    if stale >= 0 { self.events[stale].code = nil }
    if self.events.count > Self.capacity { self.lastDropped = self.events.removeFirst().sequence }
  }

  /// Nothing new will come.
  ///
  /// - Parameter error: Why; nil when the session is logged out.
  mutating func end(_ error: UserAPIError?) {
    self.end = .end(error)
  }

  /// Moves a watcher on by one event.
  func read(_ position: inout Position) -> Read {
    guard let newest = self.events.last else { return self.end }
    switch position {
    case .beginning:
      position = .reading(after: newest.sequence)
      return .event(newest)
    case .resuming(let sequence):
      guard let index = self.index(after: sequence) else {
        position = .reading(after: newest.sequence)
        var event = newest
        event.isSequenceExpired = true
        return .event(event)
      }
      return self.read(index, &position)
    case .reading(let sequence):
      guard let index = self.index(after: sequence) else { return .overrun }
      return self.read(index, &position)
    }
  }

  /// Whether there is anything to read but `wait`.
  func isReadable(at position: Position) -> Bool {
    guard self.end == .wait, case .reading(let sequence) = position else {
      var position = position
      return self.read(&position) != .wait
    }
    return self.events.last.map { $0.sequence != sequence } ?? false
  }

  private func read(_ index: Int, _ position: inout Position) -> Read {
    guard index < self.events.endIndex else { return self.end }
    position = .reading(after: self.events[index].sequence)
    return .event(self.events[index])
  }

  /// Where the event after this one is, or is to be; nil when it is not known which that is.
  private func index(after sequence: Int) -> Int? {
    if sequence == self.lastDropped { return self.events.startIndex }
    return self.events.lastIndex { $0.sequence == sequence }.map { $0 + 1 }
  }
}
