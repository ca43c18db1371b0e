package import UserAPI

/// The two clocks that rules need, as values, so that a test can hold them.
package struct TimeSource: Sendable {
  /// For how long something lasts; never goes back.
  package var now: @Sendable () -> ContinuousClock.Instant
  /// For moments that are stored or compared with stored ones.
  package var wallClock: @Sendable () -> Timestamp

  /// Waits; throws `CancellationError` as soon as the task is cancelled.
  package var sleep: @Sendable (Duration) async throws -> Void

  package init(
    now: @escaping @Sendable () -> ContinuousClock.Instant,
    wallClock: @escaping @Sendable () -> Timestamp,
    sleep: @escaping @Sendable (Duration) async throws -> Void
  ) {
    self.now = now
    self.wallClock = wallClock
    self.sleep = sleep
  }
}
