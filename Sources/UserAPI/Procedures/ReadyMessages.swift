/// The messages of a response that are there, for a reader with no task to wait in: ten thousand
/// streams that are quiet would each keep the memory of one.
package struct ReadyMessages<Element: Sendable>: Sendable {
  package enum Next: Sendable {
    case message(Element)
    /// There is none yet.
    case wait
    /// There will be none; nil where that is no failure.
    case end(UserAPIError?)
  }

  /// Takes the next message.
  package let next: @Sendable () -> Next
  /// Calls back once, from any thread, as soon as ``next`` has something else to say than `wait`;
  /// perhaps at once. Whoever asks again is called instead of who asked before.
  package let whenReady: @Sendable (@escaping @Sendable () -> Void) -> Void

  package init(
    next: @escaping @Sendable () -> Next,
    whenReady: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
  ) {
    self.next = next
    self.whenReady = whenReady
  }

  package func map<Other>(
    _ transform: @escaping @Sendable (Element) -> Other
  ) -> ReadyMessages<Other> {
    let next = self.next
    return ReadyMessages<Other>(
      next: {
        switch next() {
        case .message(let message): .message(transform(message))
        case .wait: .wait
        case .end(let error): .end(error)
        }
      }, whenReady: self.whenReady)
  }
}
