/// Where WAHA sends the webhooks of the sessions that this service makes.
package struct WebhookURL: Sendable, Equatable {
  /// The path of the webhooks on the admin port.
  package static let path = "/webhooks/waha"

  package let text: String

  /// Takes `http://host[:port][/path][?query]` or `https://…`; nil for anything else, and for one
  /// with credentials or a fragment. One without a path, or with `/` alone, gets ``path``; any other
  /// path is a proxy's, and stays as it is.
  package init?(_ text: String) {
    guard let scheme = ["http://", "https://"].first(where: text.hasPrefix) else { return nil }
    let isAllowed: (UInt8) -> Bool = { byte in
      (0x21...0x7E).contains(byte) && !"\"#<>\\^`{|}".utf8.contains(byte)
    }
    guard text.utf8.count <= 2_048, text.utf8.allSatisfy(isAllowed) else { return nil }
    let rest = text.dropFirst(scheme.count)
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard Self.isHost(authority) else { return nil }
    let target = rest.dropFirst(authority.count)
    let path = target.prefix { $0 != "?" }
    let query = target.dropFirst(path.count)
    let ours = path.isEmpty || path == "/" ? Self.path : String(path)
    self.text = "\(scheme)\(authority)\(ours)\(query)"
  }

  /// Whether it is `host`, `host:port` or `[v6]:port`.
  private static func isHost(_ authority: Substring) -> Bool {
    let host: Substring
    let rest: Substring
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return false }
      host = authority[authority.index(after: authority.startIndex)..<end]
      rest = authority[authority.index(after: end)...]
      guard host.utf8.allSatisfy({ Self.isHexDigit($0) || ":.".utf8.contains($0) }) else {
        return false
      }
    } else {
      host = authority.prefix { $0 != ":" }
      rest = authority.dropFirst(host.count)
      guard host.utf8.allSatisfy(Self.isHostByte) else { return false }
    }
    guard !host.isEmpty else { return false }
    guard let colon = rest.first else { return true }
    let port = rest.dropFirst()
    return colon == ":" && port.utf8.allSatisfy { (0x30...0x39).contains($0) }
      && Int(port).map { (1...65_535).contains($0) } == true
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "-"),
      UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
