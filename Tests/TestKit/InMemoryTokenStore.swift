package import AuthService
internal import NIOConcurrencyHelpers
package import UserAPI

/// Tokens in memory, by the contract of ``TokenStore``.
package final class InMemoryTokenStore: TokenStore {
  package enum Step: Hashable, Sendable {
    case token, tokenByID, tokens, insert, revoke, replace, recordUses
  }

  package let script = Script<Step>()
  private let stored = NIOLockedValueBox<[IssuedToken]>([])

  package init() {}

  /// Puts a token in the place of the one of its id, as somebody does who writes to the database.
  package func change(_ token: IssuedToken) {
    self.stored.withLockedValue { tokens in
      guard let index = tokens.firstIndex(where: { $0.id == token.id }) else {
        preconditionFailure("there is no token \(token.id)")
      }
      tokens[index] = token
    }
  }

  package func token(digest: TokenDigest) async throws(UserAPIError) -> IssuedToken? {
    try await self.script.run(.token) {
      self.stored.withLockedValue { $0.first { $0.digest == digest } }
    }
  }

  package func token(id: String) async throws(UserAPIError) -> IssuedToken? {
    try await self.script.run(.tokenByID) {
      self.stored.withLockedValue { $0.first { $0.id == id } }
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

  package func replaceToken(
    id: String, with token: IssuedToken, endingAt end: Timestamp, at time: Timestamp
  ) async throws(UserAPIError) -> TokenReplacement {
    try await self.script.run(.replace) {
      self.stored.withLockedValue { tokens in
        guard let index = tokens.firstIndex(where: { $0.id == id }) else { return .unknown }
        switch tokens[index].state(at: time) {
        case .revoked: return .revoked
        case .expired: return .expired
        case .valid: break
        }
        let end = min(tokens[index].expiresAt ?? end, end)
        tokens[index].expiresAt = end
        tokens.append(token)
        return .replaced(until: end)
      }
    }
  }

  package func recordUses(_ uses: [String: Timestamp]) async throws(UserAPIError) {
    try await self.script.run(.recordUses) {
      self.stored.withLockedValue { tokens in
        for index in tokens.indices {
          guard let time = uses[tokens[index].id] else { continue }
          tokens[index].lastUsedAt = max(tokens[index].lastUsedAt ?? time, time)
        }
      }
    }
  }
}
