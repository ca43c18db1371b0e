package import AuthService
internal import NIOConcurrencyHelpers
package import UserAPI

/// Two clocks that stand still until a test moves them, both at once.
package final class ManualTime: Sendable {
  private struct State {
    var now: ContinuousClock.Instant
    var wallClock: Timestamp
  }

  private let state: NIOLockedValueBox<State>

  package init(wallClock: Timestamp = Timestamp(millisecondsSinceEpoch: 1_769_850_300_000)) {
    self.state = NIOLockedValueBox(State(now: .now, wallClock: wallClock))
  }

  package var source: TimeSource {
    TimeSource(now: { self.now }, wallClock: { self.wallClock })
  }

  package var now: ContinuousClock.Instant { self.state.withLockedValue { $0.now } }

  package var wallClock: Timestamp { self.state.withLockedValue { $0.wallClock } }

  package func advance(by duration: Duration) {
    self.state.withLockedValue { state in
      state.now += duration
      state.wallClock.millisecondsSinceEpoch += Int64(duration / .milliseconds(1))
    }
  }
}
