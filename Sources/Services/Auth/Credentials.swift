internal import UserAPI

/// What a request brings to prove who calls, read and not yet believed.
package struct Credentials: Sendable {
  enum Bearer: Sendable {
    /// There is no header of that name.
    case none
    /// There is one, without a bearer token.
    case missing
    /// There is something that cannot be a token.
    case invalid
    /// A token of this service's own.
    case token(TokenDigest)
    /// What may be a token that somebody else signed, and its digest.
    case jwt(Substring, TokenDigest)
  }

  let bearer: Bearer
  package let certificate: ClientCertificate?

  /// - Parameters:
  ///   - authorization: The value of the header of that name; nil when there is none.
  ///   - certificate: What the connection's client presented.
  package init(authorization: String?, certificate: ClientCertificate? = nil) {
    self.bearer = Self.bearer(authorization)
    self.certificate = certificate
  }

  private static func bearer(_ authorization: String?) -> Bearer {
    guard let authorization else { return .none }
    // Only ASCII is worth looking at: to compare other text can cost the square of its length.
    guard authorization.utf8.allSatisfy({ $0 < 0x80 }),
      let credentials = Self.bearerCredentials(authorization)
    else { return .missing }
    if credentials.hasPrefix(TokenSecret.prefix) {
      return TokenSecret(credentials).map { .token($0.digest) } ?? .invalid
    }
    guard credentials.utf8.count <= JWTVerifier.maximumTokenSize else { return .invalid }
    return .jwt(credentials, TokenDigest(of: credentials))
  }

  /// What stands behind `Bearer` (RFC 6750, section 2.1; the scheme in any case).
  private static func bearerCredentials(_ authorization: String) -> Substring? {
    // How every client writes it.
    if authorization.hasPrefix("Bearer \(TokenSecret.prefix)") { return authorization.dropFirst(7) }
    guard let space = authorization.firstIndex(of: " "),
      authorization[..<space].lowercased() == "bearer"
    else { return nil }
    let credentials = authorization[space...].trimmingSpaces()
    return credentials.isEmpty ? nil : credentials
  }
}
