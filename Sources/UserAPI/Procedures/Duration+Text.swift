extension Duration {
  /// Takes a duration as people write it: up to nine digits and a unit, `500ms`, `30s`, `15m`,
  /// `12h`, `90d`. Nil for anything else.
  package init?(text: some StringProtocol) {
    let digits = text.prefix { ("0"..."9").contains($0) }
    guard (1...9).contains(digits.utf8.count), let number = Int64(digits) else { return nil }
    switch text[digits.endIndex...] {
    case "ms": self = .milliseconds(number)
    case "s": self = .seconds(number)
    case "m": self = .seconds(number * 60)
    case "h": self = .seconds(number * 3_600)
    case "d": self = .seconds(number * 86_400)
    default: return nil
    }
  }
}
