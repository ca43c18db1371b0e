internal import FoundationEssentials

/// Milliseconds since 1970, read from the steady clock.
struct WallClock: Sendable {
  private let origin = ContinuousClock.now
  /// When the simulator started.
  let startedAt = Int(Date.now.timeIntervalSince1970 * 1000)

  /// Since the start.
  var uptime: Int {
    let components = self.origin.duration(to: .now).components
    return Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
  }

  var now: Int { self.startedAt + self.uptime }
}
