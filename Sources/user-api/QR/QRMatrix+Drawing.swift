extension QRMatrix {
  /// How many light modules the standard wants around a code.
  static let quietZone = 4

  /// How much room the drawing takes.
  var drawnColumns: Int { self.size + 2 * Self.quietZone }
  var drawnRows: Int { (self.size + 2 * Self.quietZone + 1) / 2 }

  /// The code for a terminal: a character for two modules, one above the other, in black on white
  /// of the fixed palette, whatever the terminal's own colours are.
  var drawing: String {
    let rows = stride(from: -Self.quietZone, to: self.size + Self.quietZone, by: 2)
    return rows.map { row in
      var line = ""
      var last: (Bool, Bool)?
      for column in -Self.quietZone..<(self.size + Self.quietZone) {
        let pair = (
          self.isDark(row: row, column: column), self.isDark(row: row + 1, column: column)
        )
        if last == nil || last ?? pair != pair {
          line += "\u{1B}[38;5;\(pair.0 ? 16 : 231);48;5;\(pair.1 ? 16 : 231)m"
          last = pair
        }
        line += "\u{2580}"
      }
      return line + "\u{1B}[0m"
    }.joined(separator: "\n")
  }
}
