/// The messages of a response, as they come. Read once, by one task; a stream that is dropped, as
/// by leaving the loop over it, ends the call.
///
/// It throws a `UserAPIError` when the call fails, before the first message or after any.
public struct MessageStream<Element: Sendable>: AsyncSequence, Sendable {
  /// What a call fails with.
  public typealias Failure = UserAPIError

  private let produce: @Sendable () async throws(UserAPIError) -> Element?
  /// The same messages without waiting; nil where they are made by what waits.
  package let ready: ReadyMessages<Element>?

  /// - Parameters:
  ///   - ready: Gives the same messages.
  ///   - produce: Gives the next message, nil after the last. What it holds is let go when the
  ///     stream is dropped.
  package init(
    ready: ReadyMessages<Element>? = nil,
    _ produce: @escaping @Sendable () async throws(UserAPIError) -> Element?
  ) {
    self.ready = ready
    self.produce = produce
  }

  /// The messages that nobody has read yet.
  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(produce: self.produce)
  }

  /// Reads the messages one by one.
  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let produce: @Sendable () async throws(UserAPIError) -> Element?

    /// The next message, nil after the last.
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(UserAPIError) -> Element? {
      try await self.produce()
    }

    /// The next message, nil after the last.
    public mutating func next() async throws(UserAPIError) -> Element? {
      try await self.produce()
    }
  }
}
