/// WAHA's key. Prints as `<redacted>`.
package struct APIKey: Sendable {
  let rawValue: String

  /// Takes 1 to 512 visible ASCII characters, which is what a header can carry; nil for anything
  /// else.
  package init?(_ text: String) {
    guard (1...512).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { return nil }
    self.rawValue = text
  }
}

extension APIKey: CustomStringConvertible, CustomReflectable {
  package var description: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
