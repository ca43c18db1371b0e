/// For whom a call is that may be made, and who makes it. Only ``Identity`` makes one.
package struct Caller: Sendable {
  /// The user whose session it is about.
  package let userID: String
  /// Who calls: the user, or who may act for users.
  package let identity: Identity
  /// The certificate of the connection that the call came on; nil when the client has none.
  package let certificate: ClientCertificate?

  init(userID: String, identity: Identity, certificate: ClientCertificate?) {
    self.userID = userID
    self.identity = identity
    self.certificate = certificate
  }
}
