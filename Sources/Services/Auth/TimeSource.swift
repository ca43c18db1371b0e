package import UserAPI

/// The two clocks that rules need, as values, so that a test can hold them.
package struct TimeSource: Sendable {
  /// For how long something lasts; never goes back.
  package var now: @Sendable () -> ContinuousClock.Instant
  /// For moments that are stored or compared with stored ones.
  package var wallClock: @Sendable () -> Timestamp

  package init(
    now: @escaping @Sendable () -> ContinuousClock.Instant,
    wallClock: @escaping @Sendable () -> Timestamp
  ) {
    self.now = now
    self.wallClock = wallClock
  }
}
