/// The account behind every session: its groups and contacts, as no engine writes them. Never
/// changes; a new book takes its place.
package final class AddressBook: Sendable {
  package let groups: [Group]
  package let contacts: [Contact]
  /// The owner: the contact that says so, or one of our own making.
  package let owner: Contact

  /// The pairs that the LID calls know, in the order of the contacts.
  let lids: [(lid: String, number: String)]
  private let numberByLid: [String: String]
  private let lidByNumber: [String: String]
  let cache = RenderCache()

  package init(groups: [Group], contacts: [Contact]) {
    self.groups = groups
    self.contacts = contacts
    self.owner =
      contacts.first { $0.isMe }
      ?? Contact(
        id: "15550000001@c.us", pushname: "Simulator", lid: "200000000000001@lid", isMe: true)
    self.lids = contacts.compactMap { contact in
      switch contact.server {
      case "c.us": contact.lid.map { ($0, contact.id) }
      case "lid": contact.number.map { (contact.id, $0) }
      default: nil
      }
    }
    self.numberByLid = Dictionary(
      self.lids.map { ($0.lid, $0.number) }, uniquingKeysWith: { first, _ in first })
    self.lidByNumber = Dictionary(
      self.lids.map { ($0.number, $0.lid) }, uniquingKeysWith: { first, _ in first })
  }

  /// The `…@c.us` id of the person behind a `…@lid`.
  func number(ofLid lid: String) -> String? { self.numberByLid[lid] }

  /// The `…@lid` of the person behind a `…@c.us` id.
  func lid(ofNumber number: String) -> String? { self.lidByNumber[number] }
}
