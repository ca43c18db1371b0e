package import AuthService
internal import DirectoryService
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

extension Directory.Surroundings {
  /// The machine's clocks, and its random numbers.
  static let system = Directory.Surroundings(
    now: TimeSource.system.now, wallClock: TimeSource.system.wallClock,
    sleep: TimeSource.system.sleep, jitter: { Double.random(in: 0...1) })
}
