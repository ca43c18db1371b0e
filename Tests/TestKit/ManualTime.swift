package import AuthService
internal import Synchronization
package import UserAPI

/// Two clocks that stand still until a test moves them, both at once.
package final class ManualTime: Sendable {
  private struct State {
    var now: ContinuousClock.Instant
    var wallClock: Timestamp
  }

  private let state: Mutex<State>

  package init(wallClock: Timestamp = Timestamp(millisecondsSinceEpoch: 1_769_850_300_000)) {
    self.state = Mutex(State(now: .now, wallClock: wallClock))
  }

  package var source: TimeSource {
    TimeSource(now: { self.now }, wallClock: { self.wallClock })
  }

  package var now: ContinuousClock.Instant { self.state.withLock { $0.now } }

  package var wallClock: Timestamp { self.state.withLock { $0.wallClock } }

  package func advance(by duration: Duration) {
    self.state.withLock { state in
      state.now += duration
      state.wallClock.millisecondsSinceEpoch += Int64(duration / .milliseconds(1))
    }
  }
}
