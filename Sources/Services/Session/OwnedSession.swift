/// The proof that a session is the caller's. Whatever touches WAHA takes one, and only
/// ``Sessions`` makes one.
package struct OwnedSession: Sendable, Hashable {
  package let id: String
  /// What WAHA calls it.
  package let name: String
  package let userID: String
  /// Where WAHA has it.
  package let host: HostName

  init(_ record: SessionRecord) {
    self.id = record.id
    self.name = record.name
    self.userID = record.userID
    self.host = record.host
  }
}
