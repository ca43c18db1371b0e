package import AuthService
internal import NIOConcurrencyHelpers
package import UserAPI

/// Tokens in memory, by the contract of ``TokenStore``.
package final class InMemoryTokenStore: TokenStore {
  package enum Step: Hashable, Sendable { case token, tokens, insert, revoke }

  package let script = Script<Step>()
  private let stored = NIOLockedValueBox<[IssuedToken]>([])

  package init() {}

  package func token(digest: TokenDigest) async throws(UserAPIError) -> IssuedToken? {
    try await self.script.run(.token) {
      self.stored.withLockedValue { $0.first { $0.digest == digest } }
    }
  }

  package func tokens() async throws(UserAPIError) -> [IssuedToken] {
    try await self.script.run(.tokens) {
      self.stored.withLockedValue { $0.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) } }
    }
  }

  package func insert(_ token: IssuedToken) async throws(UserAPIError) {
    try await self.script.run(.insert) { self.stored.withLockedValue { $0.append(token) } }
  }

  package func revokeToken(id: String, at time: Timestamp) async throws(UserAPIError) -> Bool {
    try await self.script.run(.revoke) {
      self.stored.withLockedValue { tokens in
        guard let index = tokens.firstIndex(where: { $0.id == id }) else { return false }
        tokens[index].revokedAt = tokens[index].revokedAt ?? time
        return true
      }
    }
  }
}
