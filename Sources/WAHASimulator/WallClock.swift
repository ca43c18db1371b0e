internal import FoundationEssentials

/// Milliseconds since 1970, read from the steady clock.
struct WallClock: Sendable {
  private let origin = ContinuousClock.now
  /// When the simulator started.
  let startedAt = Int(Date.now.timeIntervalSince1970 * 1000)

  /// Since the start.
  var uptime: Int { self.milliseconds(at: .now) - self.startedAt }

  var now: Int { self.milliseconds(at: .now) }

  func milliseconds(at instant: ContinuousClock.Instant) -> Int {
    let components = self.origin.duration(to: instant).components
    return self.startedAt + Int(components.seconds) * 1000
      + Int(components.attoseconds / 1_000_000_000_000_000)
  }
}
