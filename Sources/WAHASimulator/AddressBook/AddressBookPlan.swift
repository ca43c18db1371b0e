/// How large a generated address book is. The same plan always makes the same book.
package struct AddressBookPlan: Sendable, Equatable {
  /// Default: 25.
  package var groups: Int
  /// Entries in the contact list, odd ones included. Default: 200.
  package var contacts: Int
  /// Participants of each group. Default: 12.
  package var participants: Int
  /// Default: 1.
  package var seed: UInt64

  package init(groups: Int = 25, contacts: Int = 200, participants: Int = 12, seed: UInt64 = 1) {
    self.groups = groups
    self.contacts = contacts
    self.participants = participants
    self.seed = seed
  }
}
