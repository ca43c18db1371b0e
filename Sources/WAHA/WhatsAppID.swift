/// An id of WhatsApp's: who, at which of its servers. WAHA writes it as `user@server` or as an
/// object.
struct WhatsAppID: Decodable, Hashable, Sendable {
  private enum Key: String, CodingKey {
    case user, server
    case serialized = "_serialized"
  }

  /// Digits, for a person; without the number of the device that some ids carry.
  let user: String
  /// `c.us` for a person with a number, `lid` for one whose number is hidden, `g.us` for a group.
  let server: String

  var serialized: String { self.user + "@" + self.server }

  /// Nil for what is no id.
  init?(_ text: String) {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, let server = parts.last, let user = parts.first else { return nil }
    self.init(user: String(user), server: String(server))
  }

  private init?(user: String, server: String) {
    // `s.whatsapp.net` is the protocol's name for what WhatsApp Web calls `c.us`.
    let server = server == "s.whatsapp.net" ? "c.us" : server
    let user =
      server == "c.us" || server == "lid" ? String(user.prefix { $0 != ":" }) : user
    guard !user.isEmpty, !server.isEmpty else { return nil }
    self.user = user
    self.server = server
  }

  init(from decoder: any Decoder) throws {
    let id: WhatsAppID?
    if let container = try Self.object(decoder) {
      let serialized = try container.decodeIfPresent(String.self, forKey: .serialized)
      if let serialized {
        id = WhatsAppID(serialized)
      } else {
        id = WhatsAppID(
          user: try container.decode(String.self, forKey: .user),
          server: try container.decode(String.self, forKey: .server))
      }
    } else {
      id = WhatsAppID(try decoder.singleValueContainer().decode(String.self))
    }
    guard let id else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "no id"))
    }
    self = id
  }

  private static func object(_ decoder: any Decoder) throws -> KeyedDecodingContainer<Key>? {
    do {
      return try decoder.container(keyedBy: Key.self)
    } catch DecodingError.typeMismatch {
      return nil
    }
  }
}
