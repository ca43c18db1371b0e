package import UserAPI

/// A token as it is stored: everything but the secret.
package struct IssuedToken: Sendable, Equatable {
  /// Names the token to people and in logs.
  package let id: String
  package let digest: TokenDigest
  package let userID: String
  package let role: Role
  /// What it allows; nil for what the role does.
  package let scopes: Scopes?
  package let createdAt: Timestamp
  /// The first moment at which it is no longer valid; nil for never.
  package var expiresAt: Timestamp?
  /// When it was taken back; nil while it was not.
  package var revokedAt: Timestamp?
  /// When it was last used, to the minute or so; nil for never.
  package var lastUsedAt: Timestamp?

  package init(
    id: String, digest: TokenDigest, userID: String, role: Role, scopes: Scopes? = nil,
    createdAt: Timestamp, expiresAt: Timestamp?, revokedAt: Timestamp? = nil,
    lastUsedAt: Timestamp? = nil
  ) {
    self.id = id
    self.digest = digest
    self.userID = userID
    self.role = role
    self.scopes = scopes
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.revokedAt = revokedAt
    self.lastUsedAt = lastUsedAt
  }
}
