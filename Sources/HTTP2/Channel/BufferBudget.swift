internal import NIOConcurrencyHelpers

/// What all connections of a process together may hold for their peers: bodies that wait to be read,
/// and requests that are not whole. Over the limit the connection that holds most is ended.
///
/// Only connections that hold something are in here, so that finding the largest costs no more than
/// the limit allows there to be.
package final class BufferBudget: Sendable {
  /// A connection tells of changes of at least so many bytes.
  static let grain = 4 << 10

  private struct Holder {
    var bytes: Int
    let shed: @Sendable () -> Void
  }

  private struct State {
    var holders: [ObjectIdentifier: Holder] = [:]
    var total = 0
  }

  /// In bytes.
  package let limit: Int
  private let state = NIOLockedValueBox(State())

  package init(limit: Int) {
    self.limit = limit
  }

  /// What is held, in bytes.
  package var total: Int { self.state.withLockedValue { $0.total } }

  /// - Parameters:
  ///   - bytes: What the connection holds now.
  ///   - shed: Ends the connection; called from any thread.
  func report(_ connection: ObjectIdentifier, bytes: Int, shed: @escaping @Sendable () -> Void) {
    let victim = self.state.withLockedValue { state -> Holder? in
      state.total += bytes - (state.holders[connection]?.bytes ?? 0)
      state.holders[connection] = bytes > 0 ? Holder(bytes: bytes, shed: shed) : nil
      guard state.total > self.limit else { return nil }
      guard let largest = state.holders.max(by: { $0.value.bytes < $1.value.bytes }) else {
        return nil
      }
      // It counts as gone from here on, so that no second one goes for the same bytes.
      state.holders[largest.key] = nil
      state.total -= largest.value.bytes
      return largest.value
    }
    victim?.shed()
  }
}
