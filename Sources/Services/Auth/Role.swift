/// What a user may do at all.
package enum Role: String, CaseIterable, Sendable {
  /// Signed up, not approved: may call nothing.
  case guest = "GUEST"
  case user = "USER"
  case admin = "ADMIN"
}
