package import UserAPI

/// Where tokens are kept. Every function throws `STORE_UNAVAILABLE` when the store does not
/// answer.
package protocol TokenStore: Sendable {
  func token(digest: TokenDigest) async throws(UserAPIError) -> IssuedToken?

  /// All of them, oldest first.
  func tokens() async throws(UserAPIError) -> [IssuedToken]

  func insert(_ token: IssuedToken) async throws(UserAPIError)

  /// Marks the token as taken back from `time` on; one that already is stays as it is.
  ///
  /// - Returns: false when there is no such token.
  func revokeToken(id: String, at time: Timestamp) async throws(UserAPIError) -> Bool
}
