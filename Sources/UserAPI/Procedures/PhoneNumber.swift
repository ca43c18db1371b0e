/// A phone number in E.164: `+` and 2 to 15 digits, the first not 0. Prints as `<redacted>`.
public struct PhoneNumber: Hashable, Sendable {
  /// `+` and digits.
  public let e164: String

  /// Takes the number with or without `+`, spaces, dashes or brackets; nil for anything
  /// else.
  public init?(_ text: String) {
    var digits = ""
    var hasPlus = false
    for character in text {
      switch character {
      case "0"..."9" where character.isASCII: digits.append(character)
      case "+" where digits.isEmpty && !hasPlus: hasPlus = true
      case " ", "-", "(", ")": continue
      default: return nil
      }
    }
    guard (2...15).contains(digits.count), digits.first != "0" else { return nil }
    self.e164 = "+" + digits
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
