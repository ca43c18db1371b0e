extension String {
  /// The text on one line and without anything that a terminal obeys: names come from strangers.
  ///
  /// White space becomes a space; control characters, and the invisible ones that change the
  /// direction of text or hide in it, are left out.
  var printable: String {
    var text = String.UnicodeScalarView()
    for scalar in self.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control:
        if scalar.properties.isWhitespace { text.append(" ") }
      case .lineSeparator, .paragraphSeparator:
        text.append(" ")
      case .format where scalar != "\u{200D}":
        // The zero-width joiner holds emoji together; the others go.
        continue
      case .surrogate, .privateUse, .unassigned:
        text.append("\u{FFFD}")
      default:
        text.append(scalar)
      }
    }
    return String(text)
  }

  /// The same JSON, with what a terminal obeys written as `\u` escapes. Such characters can only
  /// stand in strings, where they mean the same.
  var escapedForTerminal: String {
    var text = ""
    for scalar in self.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control where scalar != "\n" && scalar != "\t", .format, .lineSeparator,
        .paragraphSeparator:
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      default:
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// The text in lines that are no longer than that, broken at spaces where there are any. Nothing of
  /// an empty text.
  func wrapped(to columns: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    guard !self.isEmpty else { return [] }
    for word in self.split(separator: " ", omittingEmptySubsequences: false) {
      var word = word
      if !lines.isEmpty || !line.isEmpty || word.isEmpty {
        if (line + " " + word).columns <= columns {
          line += " " + word
          continue
        }
        lines.append(line)
        line = ""
      }
      while word.count > columns {
        lines.append(String(word.prefix(columns)))
        word = word.dropFirst(columns)
      }
      line = String(word)
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }

  /// How many columns of a terminal the text takes.
  var columns: Int {
    self.reduce(0) { $0 + $1.columns }
  }
}

extension Character {
  fileprivate var columns: Int {
    guard let first = self.unicodeScalars.first else { return 0 }
    if first.properties.isEmojiPresentation || self.unicodeScalars.contains("\u{FE0F}") { return 2 }
    switch first.value {
    // East Asian wide and full-width characters (Unicode Standard Annex #11), by their blocks.
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
      0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
      return 2
    default:
      switch first.properties.generalCategory {
      case .nonspacingMark, .enclosingMark, .format: return 0
      default: return 1
      }
    }
  }
}
