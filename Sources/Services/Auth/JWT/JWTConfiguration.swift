/// What a JWT has to say, and where it says the rest.
package struct JWTConfiguration: Sendable, Equatable {
  /// The most that ``leeway`` may be.
  package static let maximumLeeway: Duration = .seconds(300)

  /// What `iss` has to be, to the byte.
  package var issuer: String
  /// What `aud` has to be, or to have among others, to the byte.
  package var audience: String
  /// By how much the clock of whoever signs may be wrong, either way; at most
  /// ``maximumLeeway``. Default: 30 s.
  package var leeway: Duration = .seconds(30)
  /// Where the role is: a member of the payload, or where there is none of that name a path
  /// through objects, such as `realm_access.roles`. Default: `role`.
  package var roleClaim = "role"
  /// Where the scopes are, in the same way. Default: `scope`.
  package var scopeClaim = "scope"
  /// The role of a token that says none. Default: GUEST, who may call nothing.
  package var defaultRole = Role.guest

  package init(issuer: String, audience: String) {
    self.issuer = issuer
    self.audience = audience
  }
}
