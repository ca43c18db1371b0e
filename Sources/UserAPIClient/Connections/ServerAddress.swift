internal import UserAPI

/// Where a server listens, as a URL names it.
enum ServerAddress: Equatable, CustomStringConvertible {
  case host(String, port: Int, isTLS: Bool = false)
  case unix(path: String)

  /// Reads `http://host[:port]` and `https://host[:port]` (ports 80 and 443 when left out), and
  /// `unix:/path`.
  ///
  /// - Throws: `INVALID_FIELD` for anything else.
  init(url: String) throws(UserAPIError) {
    if url.hasPrefix("unix:") {
      let path = String(url.dropFirst("unix:".count))
      guard !path.isEmpty else { throw Self.malformed }
      self = .unix(path: path)
      return
    }
    let isTLS = url.hasPrefix("https://")
    guard isTLS || url.hasPrefix("http://") else { throw Self.malformed }
    var rest = url.dropFirst(isTLS ? "https://".count : "http://".count)
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    let host: Substring
    if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
      host = rest[rest.index(after: rest.startIndex)..<end]
      rest = rest[rest.index(after: end)...]
    } else {
      host = rest.prefix { $0 != ":" }
      rest = rest[host.endIndex...]
    }
    guard !host.isEmpty, host.utf8.allSatisfy(Self.isHostByte) else { throw Self.malformed }
    switch rest.first {
    case nil:
      self = .host(String(host), port: isTLS ? 443 : 80, isTLS: isTLS)
    case ":":
      guard let port = UInt16(rest.dropFirst()), port > 0 else { throw Self.malformed }
      self = .host(String(host), port: Int(port), isTLS: isTLS)
    case .some:
      throw Self.malformed
    }
  }

  /// The value of `:authority`.
  var authority: String {
    switch self {
    case .host(let host, let port, _):
      host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix: "localhost"
    }
  }

  /// The value of `:scheme`.
  var scheme: String {
    switch self {
    case .host(_, _, isTLS: true): "https"
    case .host(_, _, isTLS: false), .unix: "http"
    }
  }

  /// The address as people write it.
  var description: String {
    switch self {
    case .host: self.authority
    case .unix(let path): path
    }
  }

  private static var malformed: UserAPIError {
    UserAPIError(.invalidField, "url: must be http://host:port, https://host:port or unix:/path")
  }

  /// Letters, digits, `.`, `-` and `_` of a name; `:` and `%` of an IPv6 address.
  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
      UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "%"):
      true
    default: false
    }
  }
}
