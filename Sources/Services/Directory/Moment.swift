internal import UserAPI

/// The same moment on both clocks.
struct Moment: Sendable {
  var instant: ContinuousClock.Instant
  var wallClock: Timestamp
}
