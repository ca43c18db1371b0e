internal import NIOConcurrencyHelpers

/// What one caller waits for. Whoever is first gives it.
final class PostgresPromise<Value: Sendable>: Sendable {
  typealias Outcome = Result<Value, PostgresFailure>

  private enum State {
    case open
    case awaited(CheckedContinuation<Outcome, Never>)
    case given(Outcome)
    case taken
  }

  private let state = NIOLockedValueBox(State.open)

  var isGiven: Bool {
    self.state.withLockedValue { state in
      switch state {
      case .open, .awaited: false
      case .given, .taken: true
      }
    }
  }

  /// - Returns: Whether it was given now; it may have been before.
  @discardableResult
  func give(_ outcome: Outcome) -> Bool {
    let (isFirst, waiter) = self.state.withLockedValue {
      state -> (Bool, CheckedContinuation<Outcome, Never>?) in
      switch state {
      case .open:
        state = .given(outcome)
        return (true, nil)
      case .awaited(let waiter):
        state = .taken
        return (true, waiter)
      case .given, .taken:
        return (false, nil)
      }
    }
    waiter?.resume(returning: outcome)
    return isFirst
  }

  /// Waits for it, once.
  ///
  /// - Parameter onCancel: Called when the task is canceled, after that is what was given.
  func value(
    onCancel: @escaping @Sendable () -> Void = {}
  ) async throws(PostgresFailure) -> Value {
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        let given = self.state.withLockedValue { state -> Outcome? in
          switch state {
          case .open:
            state = .awaited(waiter)
            return nil
          case .given(let outcome):
            state = .taken
            return outcome
          case .awaited, .taken:
            preconditionFailure("two wait for what is given once")
          }
        }
        if let given { waiter.resume(returning: given) }
      }
    } onCancel: {
      self.give(.failure(.canceled))
      onCancel()
    }
    return try outcome.get()
  }
}
