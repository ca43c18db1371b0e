/// The address of WAHA, and of what it offers.
package struct UpstreamURL: Sendable, Equatable {
  /// Without a slash at the end.
  private let base: String

  /// Takes `http://host[:port][/path]` or `https://…`; nil for anything else, and for one with
  /// credentials, a query or a fragment.
  package init?(_ text: String) {
    let rest: Substring
    if text.hasPrefix("http://") {
      rest = text.dropFirst("http://".count)
    } else if text.hasPrefix("https://") {
      rest = text.dropFirst("https://".count)
    } else {
      return nil
    }
    let isAllowed: (Character) -> Bool = { character in
      character.isASCII
        && (character.isLetter || character.isNumber || "-._:/[]".contains(character))
    }
    guard rest.allSatisfy(isAllowed), Self.isAuthority(rest.prefix { $0 != "/" }) else {
      return nil
    }
    var base = Substring(text)
    while base.hasSuffix("/") { base = base.dropLast() }
    self.base = String(base)
  }

  /// Whether that is a host, or an IPv6 address in brackets, with a port from 1 to 65535 or none.
  private static func isAuthority(_ text: Substring) -> Bool {
    var rest = text
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { return false }
      let address = text[..<end].dropFirst()
      guard !address.isEmpty, address.allSatisfy({ $0.isHexDigit || ":.".contains($0) }) else {
        return false
      }
      rest = text[text.index(after: end)...]
    } else {
      rest = text.drop { !":[]".contains($0) }
      guard rest.startIndex > text.startIndex else { return false }
    }
    guard !rest.isEmpty else { return true }
    let port = rest.dropFirst()
    guard rest.hasPrefix(":"), port.allSatisfy(\.isNumber), let number = Int(port) else {
      return false
    }
    return (1...65_535).contains(number)
  }

  /// The URL of a path, each of whose segments is encoded, with a query.
  func url(_ path: [String], _ query: [(name: String, value: String)] = []) -> String {
    var url = self.base
    for segment in path { url += "/" + Self.encode(segment) }
    for (index, item) in query.enumerated() {
      url += (index == 0 ? "?" : "&") + Self.encode(item.name) + "=" + Self.encode(item.value)
    }
    return url
  }

  /// Leaves the unreserved characters (RFC 3986, section 2.3) and encodes every other byte.
  private static func encode(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += digits.count == 1 ? "%0" + digits : "%" + digits
      }
    }
    return encoded
  }
}
