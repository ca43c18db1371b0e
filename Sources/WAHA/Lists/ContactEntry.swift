internal import UserAPI

/// An entry in WAHA's list of contacts, of whichever engine.
struct ContactEntry: Sendable, Equatable {
  /// Under what a person stands in the list.
  enum ID: Sendable, Equatable {
    /// A phone number.
    case number(UInt64)
    /// The id that WhatsApp puts in place of a number it hides.
    case lid(UInt64)
  }

  /// A name, and which of them it is.
  struct Name: Sendable, Equatable {
    /// The place of the name's key among ``ContactEntry/nameKeys``.
    let kind: UInt8
    let text: String
  }

  /// Nil for what is no person: a group, a broadcast list, a channel, WhatsApp itself.
  let id: ID?
  /// The id under which the same person may stand in the list once more.
  let lid: UInt64?
  /// What is not blank of `name` (the address book's), `pushname` (the person's own), `shortName`,
  /// `notify` (what old servers called the push name) and `verifiedName` (a business's), in this
  /// order, which is the one in which they are shown.
  let names: [Name]
  /// Whether nobody is to see the person: the account itself, or somebody it blocked.
  let isBarred: Bool
  /// Whether WhatsApp knows the number.
  let isOnWhatsApp: Bool

  static let nameKeys = ["name", "pushname", "shortName", "notify", "verifiedName"]

  /// The members of an entry that are looked at.
  static let keys = JSONKeys(
    nameKeys + [
      "id", "_serialized", "user", "server", "lid", "isMe", "isGroup", "isBlocked", "isWAContact",
    ])

  /// Nil for what is not understood.
  init?(_ entry: JSONObject) {
    guard let id = WhatsAppID(entry["id"]), let isMe = Self.flag(entry["isMe"], default: false),
      let isGroup = Self.flag(entry["isGroup"], default: false),
      let isBlocked = Self.flag(entry["isBlocked"], default: false),
      let isOnWhatsApp = Self.flag(entry["isWAContact"], default: true)
    else { return nil }
    if isGroup || !id.isPerson {
      self.id = nil
    } else {
      guard let digits = id.digits else { return nil }
      self.id = id.server == "lid" ? .lid(digits) : .number(digits)
    }
    self.lid = WhatsAppID(entry["lid"]).flatMap { $0.server == "lid" ? $0.digits : nil }
    self.isBarred = isMe || isBlocked
    self.isOnWhatsApp = isOnWhatsApp
    var names: [Name] = []
    for (kind, key) in Self.nameKeys.enumerated() {
      guard case .string(let text) = entry[key], !text.allSatisfy(\.isWhitespace),
        !names.contains(where: { $0.text.hasSameBytes(as: text) })
      else { continue }
      names.append(Name(kind: UInt8(kind), text: text))
    }
    self.names = names
  }

  private static func flag(_ value: JSONValue?, default: Bool) -> Bool? {
    switch value {
    case nil, .null: `default`
    case .bool(let flag): flag
    case .integer, .number, .string, .array, .object: nil
    }
  }
}
