import NIOConcurrencyHelpers

/// Bounds how many deployments there are at once: each is several programs, and what they are given
/// time for should not depend on how many tests there are.
final class Places: Sendable {
  private struct State {
    var free: Int
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state: NIOLockedValueBox<State>

  init(_ count: Int) {
    self.state = NIOLockedValueBox(State(free: count))
  }

  /// Returns when there is a place, which is then the caller's until it leaves.
  func enter() async {
    await withCheckedContinuation { continuation in
      let hasPlace = self.state.withLockedValue { state in
        guard state.free > 0 else {
          state.waiters.append(continuation)
          return false
        }
        state.free -= 1
        return true
      }
      if hasPlace { continuation.resume() }
    }
  }

  func leave() {
    let next = self.state.withLockedValue { state -> CheckedContinuation<Void, Never>? in
      guard !state.waiters.isEmpty else {
        state.free += 1
        return nil
      }
      return state.waiters.removeFirst()
    }
    next?.resume()
  }
}
