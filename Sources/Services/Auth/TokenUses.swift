internal import NIOConcurrencyHelpers
package import UserAPI

/// When tokens were last used, kept in memory until it is written down, so that no call costs a
/// write.
package final class TokenUses: Sendable {
  /// How many are written at once: others who write do not wait for long.
  private static let batchSize = 1_000

  private let capacity: Int
  /// By the token's id.
  private let pending = NIOLockedValueBox<[String: Timestamp]>([:])

  /// - Parameter capacity: How many tokens are kept at most. Uses of further ones are dropped
  ///   until ``flush(to:)`` has made room; who goes on using one is noted then. Default: 65,536.
  package init(capacity: Int = 65_536) {
    self.capacity = capacity
  }

  /// Keeps the latest use of a token.
  package func note(_ id: String, at time: Timestamp) {
    self.pending.withLockedValue { pending in
      if let known = pending[id] {
        if known < time { pending[id] = time }
      } else if pending.count < self.capacity {
        pending[id] = time
      }
    }
  }

  /// Writes down what is kept, and keeps what could not be written.
  package func flush(to store: any TokenStore) async throws(UserAPIError) {
    var rest = self.pending.withLockedValue { $0 }[...]
    while !rest.isEmpty {
      let batch = Dictionary(uniqueKeysWithValues: rest.prefix(Self.batchSize).map { ($0, $1) })
      rest = rest.dropFirst(Self.batchSize)
      try await store.recordUses(batch)
      self.pending.withLockedValue { pending in
        for (id, time) in batch where pending[id] == time { pending[id] = nil }
      }
    }
  }
}
