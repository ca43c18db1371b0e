package import UserAPI

/// Where tokens are kept. Every function throws `STORE_UNAVAILABLE` when the store does not
/// answer.
package protocol TokenStore: Sendable {
  func token(digest: TokenDigest) async throws(UserAPIError) -> IssuedToken?

  func token(id: String) async throws(UserAPIError) -> IssuedToken?

  /// All of them, oldest first.
  func tokens() async throws(UserAPIError) -> [IssuedToken]

  func insert(_ token: IssuedToken) async throws(UserAPIError)

  /// Marks the token as taken back from `time` on; one that already is stays as it is.
  ///
  /// - Returns: false when there is no such token.
  func revokeToken(id: String, at time: Timestamp) async throws(UserAPIError) -> Bool

  /// Stores a token and brings the end of the one that it replaces forward, both or neither.
  ///
  /// - Parameters:
  ///   - id: Whose place it takes. That one has to be valid at `time`.
  ///   - end: When that one ends, unless it does before.
  func replaceToken(
    id: String, with token: IssuedToken, endingAt end: Timestamp, at time: Timestamp
  ) async throws(UserAPIError) -> TokenReplacement

  /// Notes when tokens were last used, all or none. A use that is older than the stored one
  /// changes nothing, nor does one of a token that is gone.
  ///
  /// - Parameter uses: By the token's id.
  func recordUses(_ uses: [String: Timestamp]) async throws(UserAPIError)
}
