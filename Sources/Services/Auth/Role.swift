/// What somebody may do who is given no scopes of their own.
package enum Role: String, CaseIterable, Sendable {
  /// A user who signed up and is not approved: may call nothing, whatever the scopes.
  case guest = "GUEST"
  case user = "USER"
  case admin = "ADMIN"
  /// Not a user but a program, which has no session and calls for users.
  case service = "SERVICE"

  /// What the role allows where nothing else is said.
  package var defaultScopes: Scopes {
    switch self {
    case .guest: []
    case .user, .admin: [.sessionRead, .sessionWrite, .directoryRead]
    case .service: [.sessionRead, .sessionWrite, .directoryRead, .actAs]
    }
  }
}
