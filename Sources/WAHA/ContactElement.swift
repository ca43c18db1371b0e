internal import DirectoryService

/// An entry in WAHA's list of contacts, of whichever engine.
struct ContactElement: Decodable, Sendable {
  let id: WhatsAppID
  /// The id under which the same person may stand in the list once more.
  let lid: WhatsAppID?
  /// In the order in which they are shown.
  let names: [String]
  /// Whether the entry is a person who can be written to.
  let isListed: Bool
  let isMe: Bool

  private enum Key: String, CodingKey {
    case id, lid, name, pushname, shortName, notify, verifiedName
    case isMe, isGroup, isBlocked, isWAContact
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    func flag(_ key: Key) throws -> Bool? { try container.decodeIfPresent(Bool.self, forKey: key) }
    self.id = try container.decode(WhatsAppID.self, forKey: .id)
    self.lid = try container.decodeIfPresent(Lenient<WhatsAppID>.self, forKey: .lid)?.value
    var names: [String] = []
    for key in [Key.name, .pushname, .shortName, .notify, .verifiedName] {
      let name = try container.decodeIfPresent(Lenient<String>.self, forKey: key)?.value
      if let name, !name.allSatisfy(\.isWhitespace), !names.contains(name) { names.append(name) }
    }
    self.names = names
    let isPerson = self.id.server == "c.us" ? self.id.user != "0" : self.id.server == "lid"
    self.isListed =
      try isPerson && flag(.isGroup) != true && flag(.isBlocked) != true
      && flag(.isWAContact) != false
    self.isMe = try flag(.isMe) == true
  }

  /// Each person once, by number where the list tells it.
  static func normalise(_ elements: [ContactElement], me: SessionView.Me?) -> [Contact] {
    let own = Set([me?.id, me?.lid].compactMap { $0.flatMap(WhatsAppID.init) })
    var people: [WhatsAppID: Contact] = [:]
    var numbered: [WhatsAppID: WhatsAppID] = [:]
    var left: Set<WhatsAppID> = own
    for element in elements {
      if let lid = element.lid, element.id.server == "c.us" { numbered[lid] = element.id }
      if element.isMe || !element.isListed { left.insert(element.id) }
    }
    // Who is listed by number and by lid shows the names of the number's entry first.
    let ordered =
      elements.filter { $0.id.server == "c.us" } + elements.filter { $0.id.server != "c.us" }
    for element in ordered {
      let id = numbered[element.id] ?? element.id
      guard !left.contains(id), !left.contains(element.id) else { continue }
      let names = (people[id]?.names ?? []) + element.names
      let hasNumber = id.server == "c.us"
      people[id] = Contact(
        id: id.serialized, names: names.uniqued(), number: hasNumber ? id.user : nil)
    }
    return Array(people.values)
  }
}

extension [String] {
  /// Each once, where it first stands.
  fileprivate func uniqued() -> [String] {
    self.enumerated().filter { self.firstIndex(of: $0.element) == $0.offset }.map(\.element)
  }
}
