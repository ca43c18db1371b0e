internal import Crypto
package import NIOCore

/// What a receiver shares with the server to tell its events from forged ones. Prints as
/// `<redacted>`.
package struct WebhookKey: Sendable, Equatable {
  private let text: String

  package init(_ text: String) { self.text = text }

  /// HMAC-SHA512 of a body, in lower-case hex.
  package func signature(of body: ByteBuffer) -> String {
    let code = HMAC<SHA512>.authenticationCode(
      for: Array(body.readableBytesView), using: SymmetricKey(data: Array(self.text.utf8)))
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: code.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}

extension WebhookKey: CustomStringConvertible, CustomReflectable {
  package var description: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
