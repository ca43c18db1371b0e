import Synchronization

/// A number that several may count.
final class Counter: Sendable {
  private let count = Mutex(0)

  var value: Int {
    get { self.count.withLock { $0 } }
    set { self.count.withLock { $0 = newValue } }
  }
}
