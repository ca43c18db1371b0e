import NIOConcurrencyHelpers

/// A number that several may count.
final class Counter: Sendable {
  private let count = NIOLockedValueBox(0)

  var value: Int {
    get { self.count.withLockedValue { $0 } }
    set { self.count.withLockedValue { $0 = newValue } }
  }
}
