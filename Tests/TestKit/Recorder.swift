internal import NIOConcurrencyHelpers

/// Keeps what several tasks report, in the order in which they do.
package final class Recorder<Value: Sendable>: Sendable {
  private let state = NIOLockedValueBox<[Value]>([])

  package init() {}

  package var values: [Value] { self.state.withLockedValue { $0 } }

  package func clear() { self.state.withLockedValue { $0.removeAll() } }

  package func append(_ value: Value) {
    self.state.withLockedValue { $0.append(value) }
  }
}
