/// A phone number in E.164: `+` and 2 to 15 digits, the first not 0. Prints as `<redacted>`.
public struct PhoneNumber: Hashable, Sendable {
  /// `+` and digits.
  public let e164: String

  /// Takes the number with or without `+`, spaces, dashes or brackets; nil for anything
  /// else.
  public init?(_ text: String) {
    var digits: [UInt8] = []
    var hasPlus = false
    // Bytes: to find where a character ends can cost the square of the marks that are on it.
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9") where digits.count < 15: digits.append(byte)
      case UInt8(ascii: "+") where digits.isEmpty && !hasPlus: hasPlus = true
      case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "("), UInt8(ascii: ")"): continue
      default: return nil
      }
    }
    guard digits.count >= 2, digits.first != UInt8(ascii: "0") else { return nil }
    self.e164 = "+" + String(decoding: digits, as: UTF8.self)
  }
}

extension PhoneNumber: CustomStringConvertible {
  /// Nothing of the value.
  public var description: String { "<redacted>" }
}

extension PhoneNumber: CustomReflectable {
  /// Shows no more than `description` does.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
