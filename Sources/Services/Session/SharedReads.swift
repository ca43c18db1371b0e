package import AuthService
internal import NIOConcurrencyHelpers
package import UserAPI

/// Reads what many ask for once: those who ask while a read is under way wait for it, and its
/// result serves from memory for a while. A read goes on for as long as anyone waits for it.
package final class SharedReads<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private typealias Outcome = Result<Value, UserAPIError>

  private struct Read {
    var task: Task<Void, Never>?
    var waiters: [UInt64: CheckedContinuation<Outcome, Never>] = [:]
  }

  private struct State {
    var cache: ExpiringCache<Key, Value>
    /// The reads that a newcomer joins.
    var current: [Key: UInt64] = [:]
    /// Those, and the ones that were dropped but still have waiters.
    var reads: [UInt64: Read] = [:]
    /// The read that each waiter waits for.
    var readOfWaiter: [UInt64: UInt64] = [:]
    var lastID: UInt64 = 0

    mutating func makeID() -> UInt64 {
      self.lastID += 1
      return self.lastID
    }
  }

  private let now: @Sendable () -> ContinuousClock.Instant
  private let state: NIOLockedValueBox<State>
  /// How often a value was in memory for those who asked for it.
  package let use = CacheUse()

  /// - Parameters:
  ///   - maxAge: For how long a value is given out again; zero for not at all.
  ///   - capacity: How many values to keep at most.
  package init(
    maxAge: Duration, capacity: Int, now: @escaping @Sendable () -> ContinuousClock.Instant
  ) {
    self.now = now
    self.state = NIOLockedValueBox(
      State(cache: ExpiringCache(lifetime: maxAge, capacity: capacity)))
  }

  /// The value from memory, from a read under way, or from a new one.
  ///
  /// - Throws: What the read throws; `canceled` when the task is.
  package func value(
    for key: Key, read: @escaping @Sendable () async throws(UserAPIError) -> Value
  ) async throws(UserAPIError) -> Value {
    let known = self.known(key, at: self.now())
    self.use.count(isHit: known != nil)
    if let known { return known }
    return try await self.join(key, read).get()
  }

  /// The value from memory; nil when it is not there. Not counted as a use.
  package func known(_ key: Key, at now: ContinuousClock.Instant) -> Value? {
    self.state.withLockedValue { $0.cache.value(for: key, at: now) }
  }

  /// Forgets the value. A read under way still answers those who wait for it, but nobody new.
  package func drop(_ key: Key) {
    self.state.withLockedValue { state in
      state.cache.remove(key)
      state.current[key] = nil
    }
  }

  private func join(
    _ key: Key, _ read: @escaping @Sendable () async throws(UserAPIError) -> Value
  ) async -> Outcome {
    let waiterID = self.state.withLockedValue { $0.makeID() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        self.register(key, waiterID, continuation, read)
      }
    } onCancel: {
      self.abandon(waiterID)
    }
  }

  private func register(
    _ key: Key, _ waiterID: UInt64, _ continuation: CheckedContinuation<Outcome, Never>,
    _ read: @escaping @Sendable () async throws(UserAPIError) -> Value
  ) {
    let newReadID: UInt64? = self.state.withLockedValue { state in
      if let id = state.current[key], state.reads[id] != nil {
        state.reads[id]?.waiters[waiterID] = continuation
        state.readOfWaiter[waiterID] = id
        return nil
      }
      let id = state.makeID()
      state.current[key] = id
      state.reads[id] = Read(waiters: [waiterID: continuation])
      state.readOfWaiter[waiterID] = id
      return id
    }
    if let newReadID { self.start(newReadID, key, read) }
    // A cancellation that came before the waiter was entered has found nobody.
    if Task.isCancelled { self.abandon(waiterID) }
  }

  private func start(
    _ newReadID: UInt64, _ key: Key,
    _ read: @escaping @Sendable () async throws(UserAPIError) -> Value
  ) {
    let task = Task {
      let outcome: Outcome
      do throws(UserAPIError) {
        outcome = .success(try await read())
      } catch {
        outcome = .failure(error)
      }
      self.finish(key, newReadID, outcome)
    }
    let isAbandoned = self.state.withLockedValue { state in
      // Either the read is already over, or its last waiter has left.
      guard state.reads[newReadID] != nil else { return true }
      state.reads[newReadID]?.task = task
      return false
    }
    if isAbandoned { task.cancel() }
  }

  private func abandon(_ waiterID: UInt64) {
    let (continuation, task) = self.state.withLockedValue { state in
      guard let id = state.readOfWaiter.removeValue(forKey: waiterID),
        let continuation = state.reads[id]?.waiters.removeValue(forKey: waiterID)
      else { return (CheckedContinuation<Outcome, Never>?.none, Task<Void, Never>?.none) }
      guard state.reads[id]?.waiters.isEmpty == true else { return (continuation, nil) }
      return (continuation, state.reads.removeValue(forKey: id)?.task)
    }
    continuation?.resume(returning: .failure(.canceled))
    task?.cancel()
  }

  private func finish(_ key: Key, _ id: UInt64, _ outcome: Outcome) {
    let now = self.now()
    let waiters = self.state.withLockedValue { state in
      let waiters = state.reads.removeValue(forKey: id)?.waiters ?? [:]
      for waiterID in waiters.keys { state.readOfWaiter[waiterID] = nil }
      guard state.current[key] == id else { return waiters }
      state.current[key] = nil
      if case .success(let value) = outcome { state.cache.store(value, for: key, at: now) }
      return waiters
    }
    for continuation in waiters.values { continuation.resume(returning: outcome) }
  }
}
