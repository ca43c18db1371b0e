extension Contact {
  /// The only engine that says what kind of entry this is.
  var webjs: JSON {
    let isPerson = self.server == "c.us" || self.server == "lid"
    return [
      "id": .string(self.id),
      "number": self.webjsNumber,
      "isBusiness": .bool(self.verifiedName != nil),
      "labels": [],
      "name": self.javaScriptName ?? self.missing,
      "pushname": self.pushname.map { .string($0) } ?? self.missing,
      "shortName": .orUndefined(self.shortName),
      "verifiedName": .orUndefined(self.verifiedName),
      "type": "in",
      "isMe": .bool(self.isMe),
      "isUser": .bool(isPerson),
      "isGroup": .bool(self.server == "g.us"),
      "isWAContact": .bool(self.isWAContact),
      "isMyContact": .bool(self.name?.isEmpty == false && isPerson && !self.isMe),
      "isBlocked": .bool(self.isBlocked),
    ]
  }

  /// The name, as whole as JavaScript leaves it.
  var javaScriptName: JSON? {
    self.name.map { self.isNameCut ? .cut($0) : .string($0) }
  }

  /// For a LID the digits of the LID, null, or nothing at all.
  private var webjsNumber: JSON {
    switch self.server {
    case "c.us": return .string(self.user)
    case "lid":
      switch self.variety % 3 {
      case 0: return .null
      case 1: return .undefined
      case _: return .string(self.user)
      }
    case _: return .null
    }
  }

  /// A missing name is left out for some contacts and null for others.
  private var missing: JSON { self.variety.isMultiple(of: 2) ? .undefined : .null }
}
