internal import Foundation
internal import UserAPI

/// The clocks that the picture of a link goes by.
struct LinkClock: Sendable {
  var now: @Sendable () -> ContinuousClock.Instant
  /// What the times of a server are compared with.
  var wallClock: @Sendable () -> Timestamp
  /// Throws as soon as the task is cancelled.
  var sleep: @Sendable (Duration) async throws -> Void

  static let system = LinkClock(
    now: { ContinuousClock.now },
    wallClock: {
      Timestamp(millisecondsSinceEpoch: Int64(Date().timeIntervalSince1970 * 1_000))
    }, sleep: { try await Task.sleep(for: $0) })
}
