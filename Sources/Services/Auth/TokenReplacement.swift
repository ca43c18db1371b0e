package import UserAPI

/// What became of storing one token in the place of another.
package enum TokenReplacement: Sendable, Equatable {
  /// Both are valid until then, and from then on the new one alone.
  case replaced(until: Timestamp)
  /// There is no token to replace. Nothing is stored.
  case unknown
  /// It was taken back. Nothing is stored.
  case revoked
  /// Its time is over. Nothing is stored.
  case expired
}
