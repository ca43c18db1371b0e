/// What is typed on a phone to link it, in the place of a scan. Whoever has it can have a session
/// taken over, so it prints as `<redacted>`.
package struct PairingCode: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  /// As WhatsApp writes it, such as `ABCD-EFGH`.
  package let text: String

  /// Nil for what nobody could type: it has 1 to 32 letters, digits and hyphens.
  package init?(_ text: String) {
    let isTypable = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard isTypable, (1...32).contains(text.utf8.count) else { return nil }
    self.text = text
  }

  package var description: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
