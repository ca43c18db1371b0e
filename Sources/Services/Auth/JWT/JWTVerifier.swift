package import UserAPI

/// Turns JWTs (RFC 7519) in their compact form into what they say.
///
/// What a caller is told before the signature is good is always the same, but that keys cannot be
/// had: whoever makes tokens up learns nothing else from it.
package final class JWTVerifier: Sendable {
  /// The longest token that is looked at, in bytes.
  package static let maximumTokenSize = 8_192

  /// The keys it verifies with.
  package let keys: JWTKeys
  private let configuration: JWTConfiguration
  private let time: TimeSource

  package init(keys: JWTKeys, configuration: JWTConfiguration, time: TimeSource) {
    self.keys = keys
    self.configuration = configuration
    self.time = time
  }

  /// Verifies a token. Costs the CPU of a signature, each time anew, and waits only for keys: at
  /// most ``JWTKeys/Configuration/timeout``.
  ///
  /// - Throws: `TOKEN_INVALID`; `TOKEN_EXPIRED`; `KEYS_UNAVAILABLE` while there have been no keys
  ///   yet, and for a key that is unknown while they cannot be read; `CANCELED` when the task is.
  package func verify(_ token: Substring) async throws(UserAPIError) -> VerifiedJWT {
    guard token.utf8.count <= Self.maximumTokenSize else { throw Self.invalid }
    let token = Array(token.utf8)
    let parts = token.split(
      separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 3, let json = Base64URL.decode(parts[0]), let header = JOSEHeader(json),
      let payload = Base64URL.decode(parts[1]), let signature = Base64URL.decode(parts[2])
    else { throw Self.invalid }
    guard
      let (key, generation) = try await self.keys.key(
        id: header.keyID.map { Array($0.utf8) }, algorithm: header.algorithm),
      key.isSignature(signature, of: token[..<parts[1].endIndex])
    else { throw Self.invalid }
    let claims = try JWTClaims(payload, self.configuration, at: self.time.wallClock())
    return VerifiedJWT(
      subject: claims.subject, role: claims.role, scopes: claims.scopes,
      expiresAt: claims.expiresAt, keyID: header.keyID, generation: generation)
  }

  private static var invalid: UserAPIError {
    UserAPIError(.tokenInvalid, "the token is not valid")
  }
}
