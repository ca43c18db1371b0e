/// For whom a call is that may be made, and who makes it. Only ``Identity`` makes one.
package struct Caller: Sendable {
  /// The user whose session it is about.
  package let userID: String
  /// Who calls: the user, or who may act for users.
  package let identity: Identity

  init(userID: String, identity: Identity) {
    self.userID = userID
    self.identity = identity
  }
}
