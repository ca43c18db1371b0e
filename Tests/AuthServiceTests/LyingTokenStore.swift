import AuthService
import UserAPI

/// A store that finds the same token whatever it is asked for.
struct LyingTokenStore: TokenStore {
  let token: IssuedToken

  func token(digest: TokenDigest) async throws(UserAPIError) -> IssuedToken? { self.token }

  func token(id: String) async throws(UserAPIError) -> IssuedToken? { self.token }

  func tokens() async throws(UserAPIError) -> [IssuedToken] { [self.token] }

  func insert(_ token: IssuedToken) async throws(UserAPIError) {}

  func revokeToken(id: String, at time: Timestamp) async throws(UserAPIError) -> Bool { true }

  func replaceToken(
    id: String, with token: IssuedToken, endingAt end: Timestamp, at time: Timestamp
  ) async throws(UserAPIError) -> TokenReplacement {
    .replaced(until: end)
  }

  func recordUses(_ uses: [String: Timestamp]) async throws(UserAPIError) {}
}
