package import UserAPI

/// Who calls, as a token or a certificate proves it. What the call may do is not decided yet.
package final class Identity: Sendable {
  /// What an identity was proved with.
  package enum Proof: Sendable, Equatable {
    /// A token of this service's own, by its id.
    case token(id: String)
    /// A token that somebody else signed, with the key of that id.
    case jwt(keyID: String?)
    /// A client's certificate, by the name that was looked up.
    case certificate(name: String)
  }

  /// Of the user, or of the service where ``role`` says so. Users and services have their names
  /// apart.
  package let id: String
  package let role: Role
  package let scopes: Scopes
  package let proof: Proof
  /// The service on whose connection the caller is, where that was demanded as well.
  package let service: Identity?
  /// Tells callers apart in one word, for as long as the process runs.
  package let key: Int

  package init(
    id: String, role: Role, scopes: Scopes? = nil, proof: Proof, on service: Identity? = nil
  ) {
    self.id = id
    self.service = service
    self.role = role
    self.scopes = scopes ?? role.defaultScopes
    self.proof = proof
    var hasher = Hasher()
    hasher.combine(role == .service)
    UserID(id).hash(into: &hasher)
    self.key = hasher.finalize()
  }

  /// The same on the connection of a service, and with nothing that the service may not do, too.
  package func limited(to service: Identity) -> Identity {
    Identity(
      id: self.id, role: self.role, scopes: self.scopes.intersection(service.scopes),
      proof: self.proof, on: service)
  }

  /// What logs call it: a user's or a service's id.
  package var logName: String { "\(self.role == .service ? "service" : "user"):\(self.id)" }

  /// For whom a call is, as far as the header is to be believed: nil for a name that is none, and for
  /// one that the caller may not name.
  package func user(named actAs: String?) -> String? {
    guard let actAs else { return self.role == .service ? nil : self.id }
    return self.scopes.contains(.actAs) && UserName.isValid(actAs) ? actAs : nil
  }

  /// Says for whom a call is, if it may be made.
  ///
  /// - Parameter actAs: The value of the header `user-api-act-as`; nil when there is none.
  /// - Throws: `ACCOUNT_NOT_APPROVED`, `SCOPE_MISSING`, or `INVALID_ACT_AS`.
  package func caller(
    of procedure: Procedure, actAs: String? = nil
  ) throws(UserAPIError) -> Caller {
    guard self.role != .guest else {
      throw UserAPIError(.accountNotApproved, "Your account is not yet approved")
    }
    if actAs != nil || self.role == .service { try self.require(.actAs) }
    try self.require(procedure.scope)
    if let actAs {
      guard UserName.isValid(actAs) else {
        throw UserAPIError(
          .invalidActAs, "user-api-act-as must name one user, in 1 to 255 bytes without spaces")
      }
    } else if self.role == .service {
      throw UserAPIError(
        .invalidActAs, "a service has no session of its own; name a user in user-api-act-as")
    }
    return Caller(userID: actAs ?? self.id, identity: self)
  }

  private func require(_ scope: Scope) throws(UserAPIError) {
    guard self.scopes.contains(Scopes(scope)) else {
      throw UserAPIError(.scopeMissing, "the scope \(scope.rawValue) is required")
    }
  }
}

extension Identity.Proof: CustomStringConvertible {
  /// For logs.
  package var description: String {
    switch self {
    case .token(let id): "token \(id)"
    case .jwt(nil): "jwt"
    case .jwt(let keyID?): "jwt \(keyID)"
    case .certificate(let name): "certificate \(name)"
    }
  }
}
