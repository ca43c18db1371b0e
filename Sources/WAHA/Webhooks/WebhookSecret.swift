/// What WAHA signs its webhooks with. Prints as `<redacted>`.
package struct WebhookSecret: Sendable {
  let rawValue: String

  /// Takes 16 to 512 bytes without control characters; nil for anything else. Less could be guessed
  /// from one webhook that somebody has seen.
  package init?(_ text: String) {
    guard (16...512).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
    else { return nil }
    self.rawValue = text
  }
}

extension WebhookSecret: CustomStringConvertible, CustomReflectable {
  package var description: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
