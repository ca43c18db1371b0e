/// Decides how often something that anybody can cause is worth a line in the log.
struct LogPace: Sendable {
  private let interval: Duration
  private var loggedAt: ContinuousClock.Instant?
  private var count = 0

  /// - Parameter interval: How long no other line is written after one.
  init(interval: Duration) {
    self.interval = interval
  }

  /// It happened.
  ///
  /// - Returns: How often since the last line, when there is to be one.
  mutating func happened(at now: ContinuousClock.Instant) -> Int? {
    self.count += 1
    if let loggedAt = self.loggedAt, now - loggedAt < self.interval { return nil }
    defer { self.count = 0 }
    self.loggedAt = now
    return self.count
  }
}
