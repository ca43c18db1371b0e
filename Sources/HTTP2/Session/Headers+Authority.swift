extension Headers {
  /// Whether `host`, if there is one, names the same as `:authority` (RFC 9113, section 8.3.1): the
  /// same letters whatever their case, and the same port or the scheme's own.
  var hostAgrees: Bool {
    guard let host = self["host"], let authority = self[":authority"], host != authority else {
      return true
    }
    let defaultPort: Substring =
      switch self[":scheme"] {
      case "http": ":80"
      case "https": ":443"
      default: ":"
      }
    return Self.normalized(host, defaultPort) == Self.normalized(authority, defaultPort)
  }

  private static func normalized(_ authority: String, _ defaultPort: Substring) -> String {
    let authority = authority.lowercased()
    for port in [defaultPort, ":"] where authority.hasSuffix(port) {
      return String(authority.dropLast(port.count))
    }
    return authority
  }
}
