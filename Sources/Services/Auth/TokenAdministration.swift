package import UserAPI

/// What an operator does with tokens.
package struct TokenAdministration: Sendable {
  /// For how long a token may be valid that does not stay so for ever: 100 years.
  package static let maximumLifetime: Duration = .seconds(36_500 * 86_400)

  private let store: any TokenStore
  private let time: TimeSource

  package init(store: any TokenStore, time: TimeSource) {
    self.store = store
    self.time = time
  }

  /// Makes a token. Its secret is given out here and never again.
  ///
  /// - Parameters:
  ///   - userID: The user whom it stands for, or the service's name.
  ///   - scopes: What it allows; nil for what the role does.
  ///   - lifetime: For how long it is valid; nil for ever.
  /// - Throws: `INVALID_FIELD` for a lifetime that is none or over ``maximumLifetime``.
  package func issue(
    userID: String, role: Role, scopes: Scopes? = nil, lifetime: Duration?
  ) async throws(UserAPIError) -> (secret: TokenSecret, token: IssuedToken) {
    let made = try Self.make(
      userID: userID, role: role, scopes: scopes, lifetime: lifetime, at: self.time.wallClock())
    try await self.store.insert(made.token)
    return made
  }

  /// Makes a token that takes the place of another, for the same user with the same role and
  /// scopes. Both work until the old one ends.
  ///
  /// - Parameters:
  ///   - id: The old one's.
  ///   - overlap: For how long the old one goes on, unless it ends before; zero for not at all.
  ///   - lifetime: For how long the new one is valid; nil for ever.
  /// - Throws: `TOKEN_INVALID` when there is no such token, `TOKEN_REVOKED` or `TOKEN_EXPIRED` when
  ///   it does not work any more, `INVALID_FIELD` as ``issue(userID:role:scopes:lifetime:)`` and
  ///   for an overlap over ``maximumLifetime``.
  package func rotate(
    id: String, overlap: Duration, lifetime: Duration?
  ) async throws(UserAPIError) -> (secret: TokenSecret, token: IssuedToken, oldEndsAt: Timestamp) {
    guard overlap >= .zero, overlap <= Self.maximumLifetime else {
      throw UserAPIError(.invalidField, "tokens overlap for 0 to 36,500 days")
    }
    let unknown = UserAPIError(.tokenInvalid, "there is no token \(id)")
    guard let old = try await self.store.token(id: id) else { throw unknown }
    let now = self.time.wallClock()
    let (secret, token) = try Self.make(
      userID: old.userID, role: old.role, scopes: old.scopes, lifetime: lifetime, at: now)
    let replacement = try await self.store.replaceToken(
      id: id, with: token, endingAt: now.advanced(by: overlap), at: now)
    switch replacement {
    case .replaced(let end): return (secret, token, end)
    case .unknown: throw unknown
    case .revoked: throw UserAPIError(.tokenRevoked, "token \(id) has been revoked")
    case .expired: throw UserAPIError(.tokenExpired, "token \(id) has expired")
    }
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

  private static func make(
    userID: String, role: Role, scopes: Scopes?, lifetime: Duration?, at now: Timestamp
  ) throws(UserAPIError) -> (secret: TokenSecret, token: IssuedToken) {
    if let lifetime, lifetime <= .zero || lifetime > Self.maximumLifetime {
      throw UserAPIError(.invalidField, "a token is valid for 1 ms to 36,500 days, or for ever")
    }
    let secret = TokenSecret.generate()
    let token = IssuedToken(
      id: Self.makeID(), digest: secret.digest, userID: userID, role: role, scopes: scopes,
      createdAt: now,
      expiresAt: lifetime.map {
        Timestamp(
          millisecondsSinceEpoch: now.millisecondsSinceEpoch + Int64($0.wholeMilliseconds))
      })
    return (secret, token)
  }

  private static func makeID() -> String {
    var generator = SystemRandomNumberGenerator()
    return "tok_"
      + TokenSecret.hexadecimal(
        (0..<8).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
  }
}
