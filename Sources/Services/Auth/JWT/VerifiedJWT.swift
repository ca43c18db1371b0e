package import UserAPI

/// What a JWT says that was verified.
package struct VerifiedJWT: Sendable, Equatable {
  /// The user; with the role SERVICE the service. Valid as ``UserName`` has it.
  package let subject: String
  /// May be GUEST, who may call nothing.
  package let role: Role
  package let scopes: Scopes
  /// The first moment at which it is no longer valid, the leeway included.
  package let expiresAt: Timestamp
  /// The id of the key that it is signed with; nil when its header names none.
  package let keyID: String?
  /// What ``JWTKeys/generation`` was for that key. Once it has grown the key may be gone, and the
  /// token has to be verified again.
  package let generation: Int
}
