/// Who is calling, as a valid token says. Only ``Authenticator`` makes one.
package struct Caller: Sendable, Equatable {
  package let userID: String
  package let role: Role
  /// The id of the token, for logs; the token itself is nowhere kept.
  package let tokenID: String
  /// The certificate of the connection that the token came on; nil when the client has none.
  package let certificate: ClientCertificate?

  init(userID: String, role: Role, tokenID: String, certificate: ClientCertificate?) {
    self.userID = userID
    self.role = role
    self.tokenID = tokenID
    self.certificate = certificate
  }
}
