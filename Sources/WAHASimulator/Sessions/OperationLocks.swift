internal import NIOCore
internal import NIOConcurrencyHelpers

/// One lock for each session name, handed on in order of arrival.
final class OperationLocks: Sendable {
  private struct Queue {
    var waiting: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
  }

  private struct State {
    /// A name is here while its lock is held.
    var queues: [String: Queue] = [:]
    var lastID = 0
  }

  private let state = NIOLockedValueBox(State())
  private let timer: any EventLoop

  init(timer: any EventLoop) { self.timer = timer }

  /// Waits for the lock of a name.
  /// - Parameter limit: How long to queue; nil waits for as long as it takes.
  /// - Returns: False when the limit passed first. Otherwise the caller must `release` it.
  func acquire(_ name: String, limit: Duration?) async -> Bool {
    await withCheckedContinuation { continuation in
      let queuedAs: Int? = self.state.withLockedValue { state in
        guard state.queues[name] != nil else {
          state.queues[name] = Queue()
          return nil
        }
        state.lastID += 1
        state.queues[name]?.waiting.append((state.lastID, continuation))
        return state.lastID
      }
      guard let id = queuedAs else {
        continuation.resume(returning: true)
        return
      }
      guard let limit else { return }
      _ = self.timer.scheduleTask(in: TimeAmount(limit)) { self.giveUp(id, on: name) }
    }
  }

  /// Hands the lock to the next in the queue.
  func release(_ name: String) {
    let next: CheckedContinuation<Bool, Never>? = self.state.withLockedValue { state in
      guard var queue = state.queues[name] else {
        preconditionFailure("released a lock that nobody holds")
      }
      guard !queue.waiting.isEmpty else {
        state.queues[name] = nil
        return nil
      }
      let next = queue.waiting.removeFirst()
      state.queues[name] = queue
      return next.continuation
    }
    next?.resume(returning: true)
  }

  /// Sends everyone away who waits, as if their limit had passed.
  func giveUpAll() {
    let late = self.state.withLockedValue { state in
      state.queues.keys.flatMap { name in
        defer { state.queues[name]?.waiting.removeAll() }
        return state.queues[name]?.waiting.map(\.continuation) ?? []
      }
    }
    for continuation in late { continuation.resume(returning: false) }
  }

  private func giveUp(_ id: Int, on name: String) {
    let late: CheckedContinuation<Bool, Never>? = self.state.withLockedValue { state in
      guard let index = state.queues[name]?.waiting.firstIndex(where: { $0.id == id }) else {
        return nil  // It got the lock in time.
      }
      return state.queues[name]?.waiting.remove(at: index).continuation
    }
    late?.resume(returning: false)
  }
}
