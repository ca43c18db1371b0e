/// Rows of text in columns, as wide as their widest cell. Cells are made printable.
struct Table {
  var header: [String]?
  var rows: [[String]]

  init(header: [String]? = nil, rows: [[String]] = []) {
    self.header = header
    self.rows = rows
  }

  /// The lines, without a line feed after the last.
  var text: String {
    let lines = (self.header.map { [$0] } ?? []) + self.rows.map { $0.map(\.printable) }
    var widths: [Int] = []
    for line in lines {
      for (column, cell) in line.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], cell.columns)
      }
    }
    return lines.map { line in
      var text = ""
      var missing = 0
      for (column, cell) in line.enumerated() {
        text += String(repeating: " ", count: missing) + cell
        missing = widths[column] - cell.columns + 2
        if cell.isEmpty, column == line.count - 1 { continue }
      }
      while text.last == " " { text.removeLast() }
      return text
    }.joined(separator: "\n")
  }
}
