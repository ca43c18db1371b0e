internal import Crypto

/// Tells what WAHA has signed from what it has not: HMAC-SHA512 (RFC 4231) of the body, byte for byte.
struct WebhookVerifier: Sendable {
  private let key: SymmetricKey

  init(secret: WebhookSecret) {
    self.init(key: Array(secret.rawValue.utf8))
  }

  init(key: [UInt8]) {
    self.key = SymmetricKey(data: key)
  }

  /// The signature, 64 bytes; nil unless it is there, in lower-case hexadecimal, and right. It is
  /// compared in a time that does not depend on what is wrong with it.
  func signature(of webhook: Webhook) -> [UInt8]? {
    // What is signed with something else is not for us to try.
    if let algorithm = webhook.algorithm, algorithm != "sha512" { return nil }
    guard let signature = webhook.hmac.flatMap(Self.bytes),
      HMAC<SHA512>.isValidAuthenticationCode(
        signature, authenticating: webhook.body, using: self.key)
    else { return nil }
    return signature
  }

  /// The bytes of 128 lower-case hexadecimal digits.
  private static func bytes(_ text: String) -> [UInt8]? {
    guard text.utf8.count == 2 * SHA512.byteCount else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(SHA512.byteCount)
    var high: UInt8?
    for character in text.utf8 {
      let digit: UInt8
      switch character {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
      default: return nil
      }
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return bytes
  }
}
