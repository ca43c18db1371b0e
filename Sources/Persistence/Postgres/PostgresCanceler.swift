internal import CPostgres
internal import Foundation
internal import NIOConcurrencyHelpers

/// Asks the server to give up what it does for a connection.
///
/// libpq does that over a connection of its own, blocks until the server has closed that, and knows no
/// bound to it: each has a thread that may wait for as long as it takes. It is in clear text, also
/// where the connection itself is encrypted, as libpq does it before version 17.
final class PostgresCanceler: Sendable {
  /// One question, which others may wait for.
  final class Request: Sendable {
    private let isOverBox = NIOLockedValueBox(false)

    /// Whether the server has heard of it, or never will.
    var isOver: Bool { self.isOverBox.withLockedValue { $0 } }

    fileprivate func end() { self.isOverBox.withLockedValue { $0 = true } }
  }

  private struct Handle: @unchecked Sendable {
    /// Only for the thread that it is given to.
    let pointer: OpaquePointer
  }

  private let limit: Int
  private let underWay = NIOLockedValueBox(0)

  /// - Parameter limit: The most at once, and thereby the most threads that a server that does not
  ///   answer can hold.
  init(limit: Int) {
    self.limit = limit
  }

  /// Begins to ask.
  ///
  /// - Parameters:
  ///   - connection: Whose statement it is. On its thread only.
  ///   - wake: Is woken when it is over.
  /// - Returns: Nil when too many others have not come back.
  func cancel(_ connection: OpaquePointer, wake: WakeUp) -> Request? {
    let isAllowed = self.underWay.withLockedValue { count in
      guard count < self.limit else { return false }
      count += 1
      return true
    }
    guard isAllowed else { return nil }
    let request = Request()
    guard let pointer = PQgetCancel(connection) else {
      self.underWay.withLockedValue { $0 -= 1 }
      return nil
    }
    let handle = Handle(pointer: pointer)
    let thread = Thread { [self] in
      // What it says may name the server, and changes nothing.
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { words in
        _ = PQcancel(handle.pointer, words.baseAddress, 256)
      }
      PQfreeCancel(handle.pointer)
      request.end()
      wake.signal()
      self.underWay.withLockedValue { $0 -= 1 }
    }
    thread.name = "pg-cancel"
    thread.start()
    return request
  }
}
