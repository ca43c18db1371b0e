internal import NIOConcurrencyHelpers
internal import NIOCore

/// What all connections of a process together may hold for their peers: bodies that wait to be read,
/// requests that are not answered, and streams. Over the limit connections are ended until it is
/// kept again, those first whose peers have taken nothing for the longest time.
///
/// Only connections that hold something are in here, so that looking through them costs no more than
/// the limit allows there to be.
package final class BufferBudget: Sendable {
  /// A connection tells of changes of at least so many bytes, and counts for no less.
  static let grain = 4 << 10

  private struct Holder {
    var bytes: Int
    /// Nil when nothing waits for the peer.
    var stalledSince: NIODeadline?
    let shed: @Sendable () -> Void

    /// Whether this one is to be ended before the other.
    func goesBefore(_ other: Holder) -> Bool {
      let (mine, theirs) = (
        self.stalledSince ?? .distantFuture, other.stalledSince ?? .distantFuture
      )
      return mine == theirs ? self.bytes > other.bytes : mine < theirs
    }
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
  ///   - stalledSince: Since when its peer has taken nothing of what waits for it.
  ///   - shed: Ends the connection; called from any thread.
  func report(
    _ connection: ObjectIdentifier, bytes: Int, stalledSince: NIODeadline?,
    shed: @escaping @Sendable () -> Void
  ) {
    let victims = self.state.withLockedValue { state -> [Holder] in
      let bytes = bytes > 0 ? max(bytes, Self.grain) : 0
      state.total += bytes - (state.holders[connection]?.bytes ?? 0)
      state.holders[connection] =
        bytes > 0 ? Holder(bytes: bytes, stalledSince: stalledSince, shed: shed) : nil
      guard state.total > self.limit else { return [] }
      var victims: [Holder] = []
      for (id, holder) in state.holders.sorted(by: { $0.value.goesBefore($1.value) }) {
        guard state.total > self.limit else { break }
        // It counts as gone from here on, so that no second one goes for the same bytes.
        state.holders[id] = nil
        state.total -= holder.bytes
        victims.append(holder)
      }
      return victims
    }
    for victim in victims { victim.shed() }
  }
}
