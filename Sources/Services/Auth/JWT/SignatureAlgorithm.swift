/// How a JWT may be signed (RFC 7518, section 3.1; RFC 8037), by the word for it in `alg`.
package enum SignatureAlgorithm: String, Sendable {
  case rs256 = "RS256"
  case es256 = "ES256"
  case edDSA = "EdDSA"
  case hs256 = "HS256"

  /// Nil for every other word, `none` among them.
  init?(word: String) {
    // Strangers write it, and to compare long texts can cost the square of their length.
    guard word.utf8.count <= 5 else { return nil }
    self.init(rawValue: word)
  }
}
