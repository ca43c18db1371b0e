import NIOCore
import NIOConcurrencyHelpers

@testable import UserAPIClient

/// A clock that stands still until a test moves it.
final class ManualClock: CallClock {
  private struct Timer {
    let deadline: ContinuousClock.Instant
    let eventLoop: any EventLoop
    let body: @Sendable () -> Void
  }

  private struct State {
    var now = ContinuousClock.now
    var timers: [Int: Timer] = [:]
    var next = 0
  }

  private struct Handle: CallTimer {
    let clock: ManualClock
    let id: Int

    func cancel() {
      self.clock.state.withLockedValue { _ = $0.timers.removeValue(forKey: self.id) }
    }
  }

  private let state = NIOLockedValueBox(State())

  var now: ContinuousClock.Instant { self.state.withLockedValue { $0.now } }

  /// How many timers are set.
  var timers: Int { self.state.withLockedValue { $0.timers.count } }

  func schedule(
    after delay: Duration, on eventLoop: any EventLoop, _ body: @escaping @Sendable () -> Void
  ) -> any CallTimer {
    self.state.withLockedValue { state in
      defer { state.next += 1 }
      state.timers[state.next] = Timer(
        deadline: state.now + delay, eventLoop: eventLoop, body: body)
      return Handle(clock: self, id: state.next)
    }
  }

  func advance(by duration: Duration) {
    let due = self.state.withLockedValue { state in
      state.now += duration
      let due = state.timers.filter { $0.value.deadline <= state.now }
      for id in due.keys { state.timers[id] = nil }
      return due.values
    }
    for timer in due { timer.eventLoop.execute(timer.body) }
  }
}
