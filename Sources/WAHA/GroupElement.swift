internal import DirectoryService

/// A group in WAHA's list, of whichever engine.
struct GroupElement: Decodable, Sendable {
  private enum Key: String, CodingKey {
    case id, groupMetadata, name, subject
    case gowsID = "JID"
    case gowsName = "Name"
  }

  private struct Metadata: Decodable {
    var id: WhatsAppID?
    var subject: String?
  }

  let group: Group

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let metadata = try container.decodeIfPresent(Metadata.self, forKey: .groupMetadata)
    let id =
      try container.decodeIfPresent(WhatsAppID.self, forKey: .id)
      ?? container.decodeIfPresent(WhatsAppID.self, forKey: .gowsID) ?? metadata?.id
    guard let id, id.server == "g.us" else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath, debugDescription: "no group has this id"))
    }
    let names = [
      try container.decodeIfPresent(String.self, forKey: .subject), metadata?.subject,
      try container.decodeIfPresent(String.self, forKey: .name),
      try container.decodeIfPresent(String.self, forKey: .gowsName),
    ]
    self.group = Group(id: id.serialized, name: names.compactMap { $0 }.first { !$0.isEmpty })
  }

  /// Each group once.
  static func normalise(_ elements: [GroupElement]) -> [Group] {
    var groups: [String: Group] = [:]
    for group in elements.map(\.group) where groups[group.id]?.name == nil {
      groups[group.id] = group
    }
    return Array(groups.values)
  }
}
