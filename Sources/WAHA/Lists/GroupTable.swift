internal import DirectoryService
internal import UserAPI

/// The groups of an account, each once.
struct GroupTable {
  /// The members of an entry that are looked at, whichever engine writes it.
  static let keys = JSONKeys([
    "id", "JID", "groupMetadata", "_serialized", "user", "server", "subject", "name", "Name",
  ])

  private var places: [String: Int] = [:]
  private(set) var groups: [Group] = []

  mutating func removeAll() {
    self.places.removeAll()
    self.groups.removeAll()
  }

  /// - Returns: False when the entry is not understood.
  mutating func add(_ entry: JSONObject) -> Bool {
    guard let group = Self.group(entry) else { return false }
    if let place = self.places[group.id] {
      // Of a group that stands in the list more than once the first name counts.
      if self.groups[place].name == nil { self.groups[place].name = group.name }
    } else {
      self.places[group.id] = self.groups.count
      self.groups.append(group)
    }
    return true
  }

  private static func group(_ entry: JSONObject) -> Group? {
    var metadata = JSONObject()
    if case .object(let object) = entry["groupMetadata"] { metadata = object }
    let id = WhatsAppID(entry["id"]) ?? WhatsAppID(entry["JID"]) ?? WhatsAppID(metadata["id"])
    guard let id, id.server == "g.us" else { return nil }
    for value in [entry["subject"], metadata["subject"], entry["name"], entry["Name"]] {
      if case .string(let name) = value, !name.allSatisfy(\.isWhitespace) {
        return Group(id: id.serialized, name: name)
      }
    }
    return Group(id: id.serialized, name: nil)
  }
}
