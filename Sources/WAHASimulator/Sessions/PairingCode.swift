/// A code to type into the phone, in WhatsApp's own alphabet: no 0, I, O or U.
struct PairingCode: Sendable, Equatable, CustomStringConvertible {
  /// `ABCD-EFGH`
  let text: String

  init(using generator: inout some RandomNumberGenerator) {
    let alphabet = Array("123456789ABCDEFGHJKLMNPQRSTVWXYZ")
    let letters = (0..<8).map { _ in alphabet[Int.random(in: 0..<32, using: &generator)] }
    self.text = String(letters[..<4]) + "-" + String(letters[4...])
  }

  var description: String { "<redacted>" }
}
