package import UserAPI

/// What an operator does with tokens.
package struct TokenAdministration: Sendable {
  private let store: any TokenStore
  private let time: TimeSource

  package init(store: any TokenStore, time: TimeSource) {
    self.store = store
    self.time = time
  }

  /// Makes a token. Its secret is given out here and never again.
  ///
  /// - Parameter lifetime: For how long it is valid; nil for ever.
  package func issue(
    userID: String, role: Role, lifetime: Duration?
  ) async throws(UserAPIError) -> (secret: TokenSecret, token: IssuedToken) {
    let secret = TokenSecret.generate()
    let createdAt = self.time.wallClock()
    let token = IssuedToken(
      id: Self.makeID(), digest: secret.digest, userID: userID, role: role,
      createdAt: createdAt,
      expiresAt: lifetime.map {
        Timestamp(
          millisecondsSinceEpoch: createdAt.millisecondsSinceEpoch + Int64($0.wholeMilliseconds))
      })
    try await self.store.insert(token)
    return (secret, token)
  }

  /// All tokens, oldest first.
  package func tokens() async throws(UserAPIError) -> [IssuedToken] {
    try await self.store.tokens()
  }

  /// Takes a token back. Servers refuse it within ``Authenticator/Configuration/cacheLifetime``.
  ///
  /// - Returns: false when there is no such token.
  package func revoke(id: String) async throws(UserAPIError) -> Bool {
    try await self.store.revokeToken(id: id, at: self.time.wallClock())
  }

  private static func makeID() -> String {
    var generator = SystemRandomNumberGenerator()
    return "tok_"
      + TokenSecret.hexadecimal(
        (0..<8).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
  }
}
