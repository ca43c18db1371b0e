/// What a host with a WAHA is called, by the settings and in the database.
package struct HostName: Hashable, Sendable, CustomStringConvertible {
  /// The only host where the settings name none, and that of sessions which are older than that.
  package static let `default` = Self(stored: "default")

  package let rawValue: String

  /// Takes `[a-z0-9-]{1,32}`; nil for anything else.
  package init?(_ text: String) {
    let isAllowed: (UInt8) -> Bool = { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard (1...32).contains(text.utf8.count), text.utf8.allSatisfy(isAllowed) else { return nil }
    self.rawValue = text
  }

  /// Takes whatever the database says. What no setting can say is the name of no host.
  package init(stored text: String) {
    self.rawValue = text
  }

  package var description: String { self.rawValue }
}
