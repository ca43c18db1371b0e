/// Names and ids for new sessions: random, so that none can be guessed.
enum SessionName {
  private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")

  /// `s_` and 26 characters: 130 random bits, and within what WAHA takes.
  static func make() -> String { "s_" + Self.random(26) }

  static func makeID() -> String { Self.random(26) }

  private static func random(_ count: Int) -> String {
    var generator = SystemRandomNumberGenerator()
    return String((0..<count).map { _ in Self.alphabet[Int.random(in: 0..<32, using: &generator)] })
  }
}
