import Foundation
import Testing

/// `proto-spec.md`, cut into what the tests execute.
struct SpecFile {
  /// A fenced block.
  struct Block: Sendable {
    /// The words behind the fence.
    var info: [String]
    var lines: [String]
    /// Where the block begins.
    var line: Int
  }

  struct Section: Sendable {
    var title: String
    var lines: [String]
  }

  var blocks: [Block] = []
  var sections: [Section] = []

  static func read() throws -> SpecFile {
    let path = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("proto-spec.md")
    return SpecFile(try String(contentsOf: path, encoding: .utf8))
  }

  private init(_ text: String) {
    var open: Block?
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for (index, line) in lines.enumerated() {
      if line.hasPrefix("```") {
        if let block = open {
          self.blocks.append(block)
          open = nil
        } else {
          let info = line.dropFirst(3).split(separator: " ").map(String.init)
          open = Block(info: info, lines: [], line: index + 1)
        }
      } else if open != nil {
        open?.lines.append(line)
      } else if line.hasPrefix("## ") || line.hasPrefix("### ") {
        self.sections.append(
          Section(title: String(line.drop { $0 == "#" }.dropFirst()), lines: []))
      } else if !self.sections.isEmpty {
        self.sections[self.sections.count - 1].lines.append(line)
      }
    }
  }

  /// The section whose title begins with `title`.
  func section(_ title: String) throws -> Section {
    try #require(self.sections.first { $0.title == title || $0.title.hasPrefix(title + " ") })
  }

  /// The text of the one block with this info string.
  func text(_ info: String) throws -> String {
    let matches = self.blocks.filter { $0.info == info.split(separator: " ").map(String.init) }
    try #require(matches.count == 1, "one block must be \(info)")
    return matches[0].lines.joined(separator: "\n")
  }
}

extension SpecFile.Section {
  /// The rows of every table here that has `columns` columns, without its head. Backticks are
  /// left out.
  func rows(columns: Int) -> [[String]] {
    var rows: [[String]] = []
    var isHead = true
    for line in self.lines {
      guard line.hasPrefix("|") else {
        isHead = true
        continue
      }
      let cells = line.split(separator: "|").map {
        $0.trimmingCharacters(in: .whitespaces).replacingOccurrences(of: "`", with: "")
      }
      if line.hasPrefix("|---") {
        isHead = false
      } else if !isHead, cells.count == columns {
        rows.append(cells)
      }
    }
    return rows
  }
}
