/// An entry of the contact list, apart from how any engine writes it.
package struct Contact: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    case person, me, blocked, nowhatsapp, group, lid, broadcast, newsletter, zero
  }

  /// `…@c.us`, `…@lid`, `…@g.us`, `status@broadcast`, `…@newsletter`
  package var id: String
  package var name: String?
  package var pushname: String?
  package var shortName: String?
  package var verifiedName: String?
  /// What older NOWEB servers called the push name.
  package var notify: String?
  /// The `…@lid` that stands for the same person.
  package var lid: String?
  /// For an entry that is a LID: the `…@c.us` behind it, which only the LID calls tell.
  package var number: String?
  /// Whether JavaScript has cut the name in the middle of its last character, which must be one of
  /// two UTF-16 units.
  package var isNameCut: Bool
  package var isBlocked: Bool
  package var isMe: Bool
  package var isWAContact: Bool

  package init(
    id: String, name: String? = nil, pushname: String? = nil, shortName: String? = nil,
    verifiedName: String? = nil, notify: String? = nil, lid: String? = nil,
    number: String? = nil, isNameCut: Bool = false, isBlocked: Bool = false, isMe: Bool = false,
    isWAContact: Bool = true
  ) {
    self.id = id
    self.name = name
    self.pushname = pushname
    self.shortName = shortName
    self.verifiedName = verifiedName
    self.notify = notify
    self.lid = lid
    self.number = number
    self.isNameCut = isNameCut
    self.isBlocked = isBlocked
    self.isMe = isMe
    self.isWAContact = isWAContact
  }

  package var kind: Kind {
    if self.isMe { return .me }
    switch self.server {
    case "g.us": return .group
    case "lid": return .lid
    case "broadcast": return .broadcast
    case "newsletter": return .newsletter
    case _ where self.user == "0": return .zero
    case _ where self.isBlocked: return .blocked
    case _ where !self.isWAContact: return .nowhatsapp
    case _: return .person
    }
  }

  /// What stands before the `@`.
  var user: String { String(self.id.prefix { $0 != "@" }) }

  /// What stands behind the `@`.
  var server: String { String(self.id.drop { $0 != "@" }.dropFirst()) }

  /// A stable number to vary absent, null and empty fields by.
  var variety: Int { Int(self.id.utf8.reduce(UInt32(5)) { $0 &* 33 &+ UInt32($1) } % 1024) }
}
