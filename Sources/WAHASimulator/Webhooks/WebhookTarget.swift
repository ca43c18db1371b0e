/// Where a hook's requests go: an `http://` URL taken apart.
package struct WebhookTarget: Sendable, Equatable {
  /// Requests to one of these can share connections.
  package struct Endpoint: Sendable, Hashable {
    /// A name or an address; one of IPv6 without its brackets.
    package var host: String
    package var port: Int
  }

  package var endpoint: Endpoint
  /// What the `Host` field says.
  package var authority: String
  /// Path and query.
  package var path: String

  /// Nil for anything but `http://host[:port][/path][?query]`; there is no TLS here.
  package init?(_ url: String) {
    let scheme = "http://"
    guard url.prefix(scheme.count).lowercased() == scheme,
      url.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { return nil }
    let rest = url.dropFirst(scheme.count).prefix { $0 != "#" }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let path = rest.dropFirst(authority.count)
    self.authority = String(authority)
    self.path = path.hasPrefix("/") ? String(path) : "/" + path
    var host = authority
    var port = 80
    if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
      guard let number = Int(authority[authority.index(after: colon)...]),
        (1...65_535).contains(number)
      else { return nil }
      port = number
      host = authority[..<colon]
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, !host.contains("@") else { return nil }
    self.endpoint = Endpoint(host: String(host), port: port)
  }
}
