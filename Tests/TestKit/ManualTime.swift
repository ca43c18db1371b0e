package import AuthService
internal import NIOConcurrencyHelpers
package import UserAPI

/// Two clocks that stand still until a test moves them, both at once.
package final class ManualTime: Sendable {
  private struct Sleeper {
    var wakesAt: ContinuousClock.Instant
    /// Given `false` when the sleeper's task is cancelled.
    var continuation: CheckedContinuation<Bool, Never>
  }

  private struct State {
    var now: ContinuousClock.Instant
    var wallClock: Timestamp
    var sleepers: [UInt64: Sleeper] = [:]
    var naps: [Duration] = []
    /// Who waits for so many naps to have begun.
    var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    var lastID: UInt64 = 0
  }

  private let state: NIOLockedValueBox<State>
  /// Whether a sleep is over at once, and moves the clocks by what it was to last.
  private let skipsSleeps: Bool

  package init(
    wallClock: Timestamp = Timestamp(millisecondsSinceEpoch: 1_769_850_300_000),
    skipsSleeps: Bool = false
  ) {
    self.skipsSleeps = skipsSleeps
    self.state = NIOLockedValueBox(State(now: .now, wallClock: wallClock))
  }

  package var source: TimeSource {
    TimeSource(
      now: { self.now }, wallClock: { self.wallClock }, sleep: { try await self.sleep($0) })
  }

  package var now: ContinuousClock.Instant { self.state.withLockedValue { $0.now } }

  package var wallClock: Timestamp { self.state.withLockedValue { $0.wallClock } }

  /// What the wall clock said so many seconds ago.
  package func millisecondsAgo(_ seconds: Int64) -> Int64 {
    self.wallClock.millisecondsSinceEpoch - seconds * 1_000
  }

  /// How long each sleep was to be that has begun, in order.
  package var naps: [Duration] { self.state.withLockedValue { $0.naps } }

  package func advance(by duration: Duration) {
    let due = self.state.withLockedValue { state in
      state.now += duration
      state.wallClock.millisecondsSinceEpoch += Int64(duration / .milliseconds(1))
      let due = state.sleepers.filter { $0.value.wakesAt <= state.now }
      for id in due.keys { state.sleepers[id] = nil }
      return due.values.sorted { $0.wakesAt < $1.wakesAt }
    }
    for sleeper in due { sleeper.continuation.resume(returning: true) }
  }

  /// Returns once so many sleeps have begun.
  package func slept(times count: Int = 1) async {
    await withCheckedContinuation { continuation in
      let isReached = self.state.withLockedValue { state in
        if state.naps.count >= count { return true }
        state.watchers.append((count, continuation))
        return false
      }
      if isReached { continuation.resume() }
    }
  }

  package func sleep(_ duration: Duration) async throws {
    if self.skipsSleeps { return self.advance(by: duration) }
    let id = self.state.withLockedValue { state in
      state.lastID += 1
      return state.lastID
    }
    let isOver = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let reached = self.state.withLockedValue { state in
          state.sleepers[id] = Sleeper(
            wakesAt: state.now + duration, continuation: continuation)
          state.naps.append(duration)
          let count = state.naps.count
          defer { state.watchers.removeAll { $0.count <= count } }
          return state.watchers.filter { $0.count <= count }
        }
        for watcher in reached { watcher.continuation.resume() }
        if Task.isCancelled { self.wake(id) }
      }
    } onCancel: {
      self.wake(id)
    }
    guard isOver else { throw CancellationError() }
  }

  private func wake(_ id: UInt64) {
    self.state.withLockedValue { $0.sleepers.removeValue(forKey: id) }?
      .continuation.resume(returning: false)
  }
}
