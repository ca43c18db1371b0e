/// A picture of some lines on a terminal's second screen, changed in place. Lines in, what to write
/// out; the first screen is as it was when the picture has ended.
struct TerminalPicture {
  /// Shows the second screen, without a cursor.
  private static let begin = "\u{1B}[?1049h\u{1B}[?25l"
  private static let finish = "\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l"
  private static let clear = "\u{1B}[H\u{1B}[2J"

  private var lines: [String]?
  private var size: TerminalSize?

  /// - Parameter lines: None may be longer than the terminal is wide, and there may be no more than
  ///   it has rows.
  mutating func show(_ lines: [String], on size: TerminalSize) -> String {
    var text = ""
    var old = self.lines ?? []
    if self.lines == nil { text += Self.begin }
    // What a terminal makes of its lines when its size changes is its own affair.
    if self.size != size {
      text += Self.clear
      old = []
    }
    for (row, line) in lines.enumerated() where row >= old.count || old[row] != line {
      // Erased first: behind a line of the full width that would take its last character.
      text += "\u{1B}[\(row + 1);1H\u{1B}[K" + line + "\u{1B}[0m"
    }
    if lines.count < old.count { text += "\u{1B}[\(lines.count + 1);1H\u{1B}[J" }
    self.lines = lines
    self.size = size
    return text
  }

  /// What brings the first screen and the cursor back; nothing when nothing was shown.
  mutating func end() -> String {
    guard self.lines != nil else { return "" }
    self.lines = nil
    self.size = nil
    return Self.finish
  }
}
