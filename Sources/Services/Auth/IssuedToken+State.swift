package import UserAPI

extension IssuedToken {
  /// Whether a token is good, and if not, why.
  package enum State: String, Sendable {
    case valid, expired, revoked
  }

  /// A token that was taken back is that also when its time is over.
  package func state(at time: Timestamp) -> State {
    if self.revokedAt != nil { return .revoked }
    if let expiresAt = self.expiresAt, expiresAt <= time { return .expired }
    return .valid
  }
}
