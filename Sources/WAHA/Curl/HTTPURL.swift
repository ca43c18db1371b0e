/// An absolute URL, `http://host[:port][/path][?query]` or `https://…`, of at most 2,048 bytes.
package struct HTTPURL: Sendable, Equatable {
  /// `http` or `https`.
  let scheme: Substring
  /// The host, and the port if it says one.
  let authority: Substring
  private let host: Substring
  /// The path and the query; empty when it has neither.
  let target: Substring

  /// Nil for anything else, and for one with credentials or a fragment.
  package init?(_ text: String) {
    guard let scheme = ["http", "https"].first(where: { text.hasPrefix("\($0)://") }) else {
      return nil
    }
    let isAllowed: (UInt8) -> Bool = { byte in
      (0x21...0x7E).contains(byte) && !"\"#<>\\^`{|}".utf8.contains(byte)
    }
    guard text.utf8.count <= 2_048, text.utf8.allSatisfy(isAllowed) else { return nil }
    let rest = text.dropFirst(scheme.count + "://".count)
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard let host = Self.host(of: authority) else { return nil }
    self.scheme = Substring(scheme)
    self.authority = authority
    self.host = host
    self.target = rest.dropFirst(authority.count)
  }

  package var text: String { "\(self.scheme)://\(self.authority)\(self.target)" }

  /// Whether what is fetched there can be read, and changed, on its way: it is not encrypted and
  /// leaves the machine.
  package var isExposed: Bool { self.scheme == "http" && !self.isThisMachine }

  private var isThisMachine: Bool {
    if self.host == "localhost" || self.host == "::1" { return true }
    // 127.0.0.0/8. A name may begin like an address, and is anybody's.
    let numbers = self.host.split(separator: ".", omittingEmptySubsequences: false)
    return numbers.count == 4 && numbers[0] == "127"
      && numbers.allSatisfy { number in UInt8(number).map { "\($0)" == number } == true }
  }

  /// The host of `host`, `host:port` or `[v6]:port`; nil for anything else.
  private static func host(of authority: Substring) -> Substring? {
    let host: Substring
    let rest: Substring
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = authority[authority.index(after: authority.startIndex)..<end]
      rest = authority[authority.index(after: end)...]
      guard host.utf8.allSatisfy({ Self.isHexDigit($0) || ":.".utf8.contains($0) }) else {
        return nil
      }
    } else {
      host = authority.prefix { $0 != ":" }
      rest = authority.dropFirst(host.count)
      guard host.utf8.allSatisfy(Self.isHostByte) else { return nil }
    }
    guard !host.isEmpty else { return nil }
    guard let colon = rest.first else { return host }
    let port = rest.dropFirst()
    guard colon == ":", port.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      Int(port).map({ (1...65_535).contains($0) }) == true
    else { return nil }
    return host
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
