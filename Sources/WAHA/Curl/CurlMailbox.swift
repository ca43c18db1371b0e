internal import NIOConcurrencyHelpers

/// What passes between the tasks that wait for responses and libcurl's thread.
final class CurlMailbox: Sendable {
  enum Command: Sendable {
    case start(UInt64, CurlRequest)
    case cancel(UInt64)
    case stop
  }

  typealias Outcome = Result<CurlResponse, CurlError>
  typealias Waiter = CheckedContinuation<Outcome, Never>

  private struct State {
    var commands: [Command] = []
    var waiters: [UInt64: Waiter] = [:]
    var lastID: UInt64 = 0
  }

  private let state = NIOLockedValueBox(State())

  func makeID() -> UInt64 {
    self.state.withLockedValue { state in
      state.lastID += 1
      return state.lastID
    }
  }

  func post(_ command: Command) {
    self.state.withLockedValue { $0.commands.append(command) }
  }

  /// - Parameter wake: Called before anyone can take the command.
  func post(_ command: Command, wake: () -> Void) {
    self.state.withLockedValue { state in
      state.commands.append(command)
      wake()
    }
  }

  func post(_ id: UInt64, _ request: CurlRequest, _ waiter: Waiter) {
    self.state.withLockedValue { state in
      state.waiters[id] = waiter
      state.commands.append(.start(id, request))
    }
  }

  /// Everything that was posted since the last time.
  func takeCommands() -> [Command] {
    self.state.withLockedValue { state in
      let commands = state.commands
      state.commands.removeAll(keepingCapacity: true)
      return commands
    }
  }

  /// Answers the one who waits for `id`, if nobody has yet.
  func resolve(_ id: UInt64, _ outcome: Outcome) {
    self.state.withLockedValue { $0.waiters.removeValue(forKey: id) }?.resume(returning: outcome)
  }
}
