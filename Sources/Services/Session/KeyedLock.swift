internal import DequeModule
internal import NIOConcurrencyHelpers
package import UserAPI

/// So many at a time for each key, in the order of arrival.
package final class KeyedLock<Key: Hashable & Sendable>: Sendable {
  private struct Waiter {
    let id: UInt64
    let continuation: CheckedContinuation<Bool, Never>
  }

  private struct Queue {
    var holders = 0
    var waiters = Deque<Waiter>()
  }

  private struct State {
    /// The keys that are held, and who waits for each.
    var queues: [Key: Queue] = [:]
    var lastID: UInt64 = 0

    /// Takes the key, if that is allowed now.
    mutating func take(_ key: Key, limit: Int) -> Bool {
      guard self.queues[key]?.holders ?? 0 < limit else { return false }
      self.queues[key, default: Queue()].holders += 1
      return true
    }
  }

  private let state = NIOLockedValueBox(State())
  private let limit: Int

  /// - Parameter limit: How many may hold a key at once. Default: 1.
  package init(limit: Int = 1) {
    self.limit = limit
  }

  /// - Throws: What `body` throws; `canceled` when the task is while it waits.
  package func withLock<Value: Sendable>(
    _ key: Key, _ body: () async throws(UserAPIError) -> Value
  ) async throws(UserAPIError) -> Value {
    guard await self.acquire(key) else { throw UserAPIError.canceled }
    defer { self.release(key) }
    return try await body()
  }

  private func acquire(_ key: Key) async -> Bool {
    let id: UInt64? = self.state.withLockedValue { state in
      if state.take(key, limit: self.limit) { return nil }
      state.lastID += 1
      return state.lastID
    }
    guard let id else { return true }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isFree = self.state.withLockedValue { state in
          // A holder may have left in the meantime.
          if state.take(key, limit: self.limit) { return true }
          state.queues[key]?.waiters.append(Waiter(id: id, continuation: continuation))
          return false
        }
        if isFree { continuation.resume(returning: true) }
        if Task.isCancelled { self.abandon(key, id) }
      }
    } onCancel: {
      self.abandon(key, id)
    }
  }

  private func abandon(_ key: Key, _ id: UInt64) {
    let waiter = self.state.withLockedValue { state -> Waiter? in
      guard let index = state.queues[key]?.waiters.firstIndex(where: { $0.id == id }) else {
        return nil
      }
      return state.queues[key]?.waiters.remove(at: index)
    }
    waiter?.continuation.resume(returning: false)
  }

  private func release(_ key: Key) {
    let next = self.state.withLockedValue { state -> Waiter? in
      // Who leaves hands over to the next.
      if let next = state.queues[key]?.waiters.popFirst() { return next }
      state.queues[key]?.holders -= 1
      if state.queues[key]?.holders == 0 { state.queues[key] = nil }
      return nil
    }
    next?.continuation.resume(returning: true)
  }
}
