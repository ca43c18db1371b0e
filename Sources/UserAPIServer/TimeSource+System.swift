package import AuthService
internal import Foundation
internal import UserAPI

extension TimeSource {
  /// The machine's clocks.
  package static let system = TimeSource(
    now: { ContinuousClock.now },
    wallClock: {
      Timestamp(millisecondsSinceEpoch: Int64(Date().timeIntervalSince1970 * 1_000))
    },
    sleep: { try await Task.sleep(for: $0) })
}
