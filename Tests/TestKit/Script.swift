internal import NIOConcurrencyHelpers
package import UserAPI

/// What a fake was asked to do, and what is to go wrong with it.
package final class Script<Step: Hashable & Sendable>: Sendable {
  private struct Failure {
    var error: UserAPIError
    var comesAfterwards: Bool
  }

  private struct Waiter {
    var step: Step
    var continuation: CheckedContinuation<Bool, Never>
  }

  private struct Watcher {
    var step: Step
    var count: Int
    var continuation: CheckedContinuation<Void, Never>
  }

  private struct State {
    var steps: [Step] = []
    var canceled: [Step] = []
    var running = 0
    var mostRunning = 0
    /// By the number of the step.
    var failures: [Int: Failure] = [:]
    var outage: UserAPIError?
    var held: Set<Step> = []
    var waiters: [Int: Waiter] = [:]
    var arrivals: [Watcher] = []
    var cancellations: [Watcher] = []
    var observer: (@Sendable (Step) -> Void)?
  }

  private let state = NIOLockedValueBox(State())

  package init() {}

  /// Everything that was begun, in order.
  package var steps: [Step] { self.state.withLockedValue { $0.steps } }

  package func count(_ step: Step) -> Int { self.steps.count { $0 == step } }

  /// How many steps were under way at once, at most.
  package var mostAtOnce: Int { self.state.withLockedValue { $0.mostRunning } }

  package func clear() { self.state.withLockedValue { $0.steps.removeAll() } }

  /// Lets a step fail.
  ///
  /// - Parameters:
  ///   - index: How many steps after the ones so far come before it.
  ///   - afterwards: Whether the step takes effect all the same, as when only the answer is lost.
  package func fail(
    at index: Int = 0, with error: UserAPIError, afterwards: Bool = false
  ) {
    self.state.withLockedValue { state in
      state.failures[state.steps.count + index] = Failure(
        error: error, comesAfterwards: afterwards)
    }
  }

  /// Lets every step fail; nil ends it.
  package func failAll(with error: UserAPIError?) {
    self.state.withLockedValue { $0.outage = error }
  }

  /// Has `observer` called in the task of each step.
  package func whenBegun(_ observer: @escaping @Sendable (Step) -> Void) {
    self.state.withLockedValue { $0.observer = observer }
  }

  /// Keeps steps of this kind waiting, from now on, until ``release(_:)``.
  package func hold(_ step: Step) {
    self.state.withLockedValue { _ = $0.held.insert(step) }
  }

  package func release(_ step: Step) {
    let waiters = self.state.withLockedValue { state in
      state.held.remove(step)
      let waiters = state.waiters.filter { $0.value.step == step }
      for id in waiters.keys { state.waiters[id] = nil }
      return waiters.sorted { $0.key < $1.key }.map(\.value)
    }
    for waiter in waiters { waiter.continuation.resume(returning: true) }
  }

  /// Returns once so many steps of this kind have begun.
  package func reached(_ step: Step, times count: Int = 1) async {
    await withCheckedContinuation { continuation in
      let watcher = Watcher(step: step, count: count, continuation: continuation)
      let isReached = self.state.withLockedValue { state in
        if state.steps.count(where: { $0 == step }) >= count { return true }
        state.arrivals.append(watcher)
        return false
      }
      if isReached { continuation.resume() }
    }
  }

  /// Returns once so many held steps of this kind were given up by their callers.
  package func canceled(_ step: Step, times count: Int = 1) async {
    await withCheckedContinuation { continuation in
      let watcher = Watcher(step: step, count: count, continuation: continuation)
      let isReached = self.state.withLockedValue { state in
        if state.canceled.count(where: { $0 == step }) >= count { return true }
        state.cancellations.append(watcher)
        return false
      }
      if isReached { continuation.resume() }
    }
  }

  /// Takes a step: records it, waits while it is held, then fails or takes effect.
  package func run<Value>(
    _ step: Step, _ effect: () throws(UserAPIError) -> Value
  ) async throws(UserAPIError) -> Value {
    let (id, failure, isHeld) = self.begin(step)
    self.state.withLockedValue { $0.observer }?(step)
    defer { self.state.withLockedValue { $0.running -= 1 } }
    if isHeld {
      guard await self.wait(id, step) else { throw UserAPIError.canceled }
    }
    guard let failure else { return try effect() }
    if failure.comesAfterwards { _ = try effect() }
    throw failure.error
  }

  private func begin(_ step: Step) -> (id: Int, failure: Failure?, isHeld: Bool) {
    let (begun, reached) = self.state.withLockedValue { state in
      let id = state.steps.count
      state.steps.append(step)
      state.running += 1
      state.mostRunning = max(state.mostRunning, state.running)
      let failure =
        state.outage.map { Failure(error: $0, comesAfterwards: false) }
        ?? state.failures.removeValue(forKey: id)
      let reached = Self.takeReached(&state.arrivals, state.steps)
      return ((id: id, failure: failure, isHeld: state.held.contains(step)), reached)
    }
    for watcher in reached { watcher.continuation.resume() }
    return begun
  }

  private func wait(_ id: Int, _ step: Step) async -> Bool {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isHeld = self.state.withLockedValue { state in
          guard state.held.contains(step) else { return false }
          state.waiters[id] = Waiter(step: step, continuation: continuation)
          return true
        }
        if !isHeld { continuation.resume(returning: true) }
        if Task.isCancelled { self.giveUp(id) }
      }
    } onCancel: {
      self.giveUp(id)
    }
  }

  private func giveUp(_ id: Int) {
    let (waiter, reached) = self.state.withLockedValue { state in
      guard let waiter = state.waiters.removeValue(forKey: id) else {
        return (Waiter?.none, [Watcher]())
      }
      state.canceled.append(waiter.step)
      return (waiter, Self.takeReached(&state.cancellations, state.canceled))
    }
    waiter?.continuation.resume(returning: false)
    for watcher in reached { watcher.continuation.resume() }
  }

  private static func takeReached(_ watchers: inout [Watcher], _ steps: [Step]) -> [Watcher] {
    let isReached: (Watcher) -> Bool = { watcher in
      steps.count { $0 == watcher.step } >= watcher.count
    }
    let reached = watchers.filter(isReached)
    watchers.removeAll(where: isReached)
    return reached
  }
}
