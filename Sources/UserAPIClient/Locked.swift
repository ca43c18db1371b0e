internal import NIOConcurrencyHelpers

/// A value that need not be copyable, and the lock that guards it.
///
/// What `Mutex` is, on a lock that Thread Sanitizer sees; `NIOLockedValueBox` takes only what can
/// be copied.
final class Locked<Value: ~Copyable>: @unchecked Sendable {
  private let lock = NIOLock()
  private var value: Value

  init(_ value: consuming sending Value) {
    self.value = value
  }

  func withLock<Result>(_ body: (inout sending Value) -> sending Result) -> sending Result {
    self.lock.lock()
    defer { self.lock.unlock() }
    return body(&self.value)
  }
}
