internal import Crypto

/// A bearer token as its holder has it. Prints as `<redacted>`.
///
/// One that this service made matches `uapi_[0-9a-f]{48}`, which is what a scanner for leaked
/// secrets is told to look for. That does not change: scanners and tokens outlive a version.
package struct TokenSecret: Sendable {
  /// What every token begins with, so that a scanner finds one that leaked.
  package static let prefix = "uapi_"
  private static let randomBytes = 24
  /// The longest text that is worth hashing; no token is near it.
  static let maximumLength = 128

  package let rawValue: String

  /// Takes what stood behind `Bearer`; nil when it cannot be a token of this service.
  package init?(_ text: some StringProtocol) {
    guard text.hasPrefix(Self.prefix), text.utf8.count <= Self.maximumLength else { return nil }
    self.rawValue = String(text)
  }

  /// A new token: the prefix and 192 random bits of the system's generator.
  package static func generate() -> TokenSecret {
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<Self.randomBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator)
    }
    guard let secret = TokenSecret(Self.prefix + Self.hexadecimal(bytes)) else {
      preconditionFailure("a token begins with its prefix")
    }
    return secret
  }

  /// What is stored and looked up in place of the token.
  package var digest: TokenDigest {
    TokenDigest(of: self.rawValue[...])
  }

  static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.reduce(into: "") { text, byte in
      let digits = String(byte, radix: 16)
      text += digits.count == 1 ? "0" + digits : digits
    }
  }
}

extension TokenSecret: CustomStringConvertible, CustomReflectable {
  package var description: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The SHA-256 of a token.
package struct TokenDigest: Sendable {
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// Nil unless there are 32 of them.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    self.init(unchecked: bytes)
  }

  init(of text: Substring) {
    var text = text
    self = text.withUTF8 { bytes in
      TokenDigest(unchecked: SHA256.hash(data: UnsafeRawBufferPointer(bytes)))
    }
  }

  private init(unchecked bytes: some Sequence<UInt8>) {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &words) { target in
      for (index, byte) in bytes.enumerated() { target[index] = byte }
    }
    self.words = words
  }

  /// 32 of them.
  package var bytes: [UInt8] {
    withUnsafeBytes(of: self.words) { Array($0) }
  }
}

extension TokenDigest: Hashable {
  /// Takes the same time wherever the two differ.
  package static func == (left: Self, right: Self) -> Bool {
    let (left, right) = (left.words, right.words)
    let differences =
      (left.0 ^ right.0) | (left.1 ^ right.1) | (left.2 ^ right.2) | (left.3 ^ right.3)
    return differences == 0
  }

  package func hash(into hasher: inout Hasher) {
    // One word of a digest is as random as the whole.
    hasher.combine(self.words.0)
  }
}
