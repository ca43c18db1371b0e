internal import UserAPI

/// An id of WhatsApp's: who, at which of its servers. WAHA writes it as `user@server` or as an
/// object.
struct WhatsAppID: Hashable, Sendable {
  /// Digits, for a person; without the number of the device that some ids carry.
  let user: String
  /// `c.us` for a person with a number, `lid` for one whose number is hidden, `g.us` for a group.
  let server: String

  var serialized: String { self.user + "@" + self.server }

  /// Nil for what is no id.
  init?(_ text: String) {
    let utf8 = text.utf8
    guard let at = utf8.firstIndex(of: UInt8(ascii: "@")) else { return nil }
    let server = text[utf8.index(after: at)...]
    guard !server.utf8.contains(UInt8(ascii: "@")) else { return nil }
    self.init(user: text[..<at], server: String(server))
  }

  /// Takes `{"user": …, "server": …, "_serialized": …}` too, of which either the last or the first
  /// two may be missing.
  init?(_ value: JSONValue?) {
    switch value {
    case .string(let text): self.init(text)
    case .object(let object):
      if case .string(let text) = object["_serialized"] {
        self.init(text)
      } else if case .string(let user) = object["user"],
        case .string(let server) = object["server"]
      {
        self.init(user: user[...], server: server)
      } else {
        return nil
      }
    case nil, .null, .bool, .integer, .number, .array: return nil
    }
  }

  /// The longest id, in bytes; WhatsApp's own have less than half of it.
  private static let maximumLength = 128

  private init?(user: Substring, server: String) {
    guard user.utf8.count + server.utf8.count < Self.maximumLength,
      // Ids are compared, which is to depend on nothing but their octets.
      user.utf8.allSatisfy({ $0 < 0x80 }), server.utf8.allSatisfy({ $0 < 0x80 })
    else { return nil }
    // `s.whatsapp.net` is the protocol's name for what WhatsApp Web calls `c.us`.
    self.server = server == "s.whatsapp.net" ? "c.us" : server
    switch self.server {
    case "c.us", "lid": self.user = String(user.prefix { $0 != ":" })
    default: self.user = String(user)
    }
    guard !self.user.isEmpty, !server.isEmpty else { return nil }
  }

  /// Whether it is that of somebody who can be written to.
  var isPerson: Bool {
    // `0@c.us` stands for WhatsApp itself.
    (self.server == "c.us" || self.server == "lid") && self.user != "0"
  }

  /// The user as a number; nil unless it is one of 1 to 19 digits that can be written in one way
  /// only.
  var digits: UInt64? {
    let bytes = self.user.utf8
    guard (1...19).contains(bytes.count), bytes.first != UInt8(ascii: "0") || bytes.count == 1
    else { return nil }
    var number: UInt64 = 0
    for byte in bytes {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      number = number * 10 + UInt64(byte - UInt8(ascii: "0"))
    }
    return number
  }
}
