/// What a caller looks for.
package struct DirectorySearch: Sendable, Equatable {
  private let text: String
  /// The text as a number, if it can be one however it is written.
  private let digits: String?

  /// Trims `text`; nil when nothing remains.
  package init?(_ text: String) {
    let trimmed = text.drop { $0.isWhitespace }
    let end = trimmed.lastIndex { !$0.isWhitespace }
    guard let end else { return nil }
    self.text = trimmed[...end].lowercased()
    let digits = self.text.filter { !"+-(). ".contains($0) }
    self.digits =
      !digits.isEmpty && digits.allSatisfy { ("0"..."9").contains($0) } ? digits : nil
  }

  /// Whether one of the lower-case texts contains what is looked for, or the digits do.
  func matches(_ texts: [String], digits: String?) -> Bool {
    if texts.contains(where: { Self.contains($0, self.text) }) { return true }
    guard let wanted = self.digits, let digits else { return false }
    return Self.contains(digits, wanted)
  }

  private static func contains(_ text: String, _ wanted: String) -> Bool {
    let wanted = wanted.utf8
    guard let first = wanted.first else { return true }
    var rest = text.utf8[...]
    while let start = rest.firstIndex(of: first) {
      rest = rest[start...]
      if rest.starts(with: wanted) { return true }
      rest = rest.dropFirst()
    }
    return false
  }
}
