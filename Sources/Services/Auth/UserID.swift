/// Who a user is, as a key. Two ids are one only when they are the same bytes: Swift's strings are
/// equal when people would read them alike, which is not enough to tell users apart.
package struct UserID: Sendable {
  private let text: String

  package init(_ text: String) {
    self.text = text
  }

  /// Whether a user or a service may have that id: 1 to 255 bytes without spaces and control
  /// characters, and none that stands for bytes that were no text.
  package static func isValid(_ text: String) -> Bool {
    guard (1...255).contains(text.utf8.count) else { return false }
    if text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) { return true }
    return text.unicodeScalars.allSatisfy { scalar in
      scalar.value > 0x20 && scalar != "\u{FFFD}" && !scalar.properties.isWhitespace
        && scalar.properties.generalCategory != .control
    }
  }
}

extension UserID: Hashable {
  package static func == (left: Self, right: Self) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    var text = self.text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
