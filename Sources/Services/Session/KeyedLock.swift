internal import DequeModule
internal import NIOConcurrencyHelpers
package import UserAPI

/// One at a time for each key, in the order of arrival.
package final class KeyedLock<Key: Hashable & Sendable>: Sendable {
  private struct Waiter {
    let id: UInt64
    let continuation: CheckedContinuation<Bool, Never>
  }

  private struct State {
    /// The keys that are held, and who waits for each.
    var queues: [Key: Deque<Waiter>] = [:]
    var lastID: UInt64 = 0
  }

  private let state = NIOLockedValueBox(State())

  package init() {}

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
      guard state.queues[key] != nil else {
        state.queues[key] = []
        return nil
      }
      state.lastID += 1
      return state.lastID
    }
    guard let id else { return true }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isFree = self.state.withLockedValue { state in
          // The holder may have left in the meantime.
          guard state.queues[key] != nil else {
            state.queues[key] = []
            return true
          }
          state.queues[key]?.append(Waiter(id: id, continuation: continuation))
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
      guard let index = state.queues[key]?.firstIndex(where: { $0.id == id }) else { return nil }
      return state.queues[key]?.remove(at: index)
    }
    waiter?.continuation.resume(returning: false)
  }

  private func release(_ key: Key) {
    let next = self.state.withLockedValue { state -> Waiter? in
      guard let next = state.queues[key]?.popFirst() else {
        state.queues[key] = nil
        return nil
      }
      return next
    }
    next?.continuation.resume(returning: true)
  }
}
