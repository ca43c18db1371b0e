internal import AuthService
internal import UserAPI

extension TimeSource {
  /// What `body` gives, if it does so before the deadline; else it is cancelled.
  ///
  /// - Throws: What `body` throws; what `late` gives once the deadline has passed; `canceled` when
  ///   the task is.
  func value<Value: Sendable>(
    before deadline: ContinuousClock.Instant,
    _ body: @escaping @Sendable () async throws(UserAPIError) -> Value, late: () -> UserAPIError
  ) async throws(UserAPIError) -> Value {
    try await withTaskGroup(of: Result<Value, UserAPIError>?.self) { group in
      group.addTask {
        do throws(UserAPIError) {
          return .success(try await body())
        } catch {
          return .failure(error)
        }
      }
      group.addTask {
        do {
          try await self.sleep(self.now().duration(to: deadline))
          return nil
        } catch {
          return .failure(.canceled)
        }
      }
      // What there is to say is over with the work.
      defer { group.cancelAll() }
      guard let outcome = await group.next() else {
        preconditionFailure("of two tasks one is the first to end")
      }
      return outcome ?? .failure(late())
    }.get()
  }
}
