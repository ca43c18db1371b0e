internal import Foundation

/// Text in the form in which it is compared: without case, marks and forms of letters that differ
/// only in looks. The same for what is looked for and for what is looked through.
///
/// It is the compatibility decomposition (UAX #15) without marks and format characters, in full
/// case folding, with decimal digits of every script as ASCII. Letters with a stroke and the like,
/// which Unicode does not decompose, become those that people write in their place.
enum SearchText {
  /// How much of a text counts, in bytes of UTF-8. What lies behind it cannot be found.
  static let maximumLength = 1_024

  /// Appends `text`, folded, with blanks in place of control characters.
  static func append(_ text: String, to bytes: inout [UInt8]) {
    let start = bytes.count
    for byte in text.utf8 {
      guard byte < 0x80 else {
        bytes.removeSubrange(start...)
        Self.appendUnicode(text, to: &bytes)
        return
      }
      guard bytes.count - start < Self.maximumLength else { return }
      bytes.append(Self.fold(ascii: byte))
    }
  }

  private static func fold(ascii byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
    case ..<0x20, 0x7F: 0x20
    default: byte
    }
  }

  private static func appendUnicode(_ text: String, to bytes: inout [UInt8]) {
    let prefix = String(decoding: text.utf8.prefix(Self.maximumLength), as: UTF8.self)
    // Marks that stand by themselves go before the decomposition: putting many of them in order
    // takes the square of their number.
    var plain = String.UnicodeScalarView()
    plain.append(contentsOf: prefix.unicodeScalars.lazy.filter { !Self.isLeftOut($0) })
    for scalar in String(plain).decomposedStringWithCompatibilityMapping.unicodeScalars
    where !Self.isLeftOut(scalar) {
      if scalar.isASCII {
        bytes.append(Self.fold(ascii: UInt8(scalar.value)))
        continue
      }
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .spaceSeparator:
        bytes.append(0x20)
        continue
      case .decimalNumber:
        if let value = scalar.properties.numericValue {
          bytes.append(UInt8(ascii: "0") + UInt8(value))
          continue
        }
      default: break
      }
      if let plain = Self.replacements[scalar] {
        bytes.append(contentsOf: plain.utf8)
        continue
      }
      Self.appendCaseless(scalar, to: &bytes)
    }
  }

  /// Whether it is a mark, for formatting, or the letter that Arabic text is stretched with.
  private static func isLeftOut(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .format: true
    default: scalar == "\u{640}"
    }
  }

  /// By way of the capital, which is the same for both forms of a sigma, and `SS` for `ß`.
  private static func appendCaseless(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
    for capital in scalar.properties.uppercaseMapping.unicodeScalars {
      for small in capital.properties.lowercaseMapping.unicodeScalars
      where !Self.isLeftOut(small) {
        bytes.append(contentsOf: UTF8.encode(small) ?? UTF8.encodedReplacementCharacter)
      }
    }
  }

  private static let replacements: [Unicode.Scalar: String] = [
    "ł": "l", "Ł": "l", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d", "ħ": "h", "Ħ": "h", "ŧ": "t",
    "Ŧ": "t", "ı": "i", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th",
    "ð": "d", "Ð": "d",
    // Its small form is not the one whose capital is SS.
    "ẞ": "ss",
  ]
}
