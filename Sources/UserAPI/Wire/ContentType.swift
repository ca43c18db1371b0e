/// The content types of the User API (proto-spec.md, section 3).
package enum ContentType: String, CaseIterable, Sendable {
  /// Framed; the HTTP status follows the error code. The service's own.
  case userAPI = "application/user-api+json"
  /// One bare JSON value each way, for curl and for Connect's unary clients.
  case json = "application/json"
  /// Framed, always HTTP 200, for Connect's streaming clients.
  case connect = "application/connect+json"

  /// The longest header that is read, in bytes.
  private static let maximumLength = 256

  /// Reads a `content-type` header: any case, parameters ignored but for a charset other than
  /// UTF-8, which is nil as any other type is.
  package init?(header: String) {
    if let exact = Self(rawValue: header) {
      self = exact
      return
    }
    guard header.utf8.count <= Self.maximumLength else { return nil }
    let parts = header.lowercased().split(separator: ";", omittingEmptySubsequences: false)
      .map { $0.trimmingSpaces() }
    guard let first = parts.first, let type = Self(rawValue: String(first)) else { return nil }
    for parameter in parts.dropFirst() where parameter.hasPrefix("charset=") {
      let charset = parameter.dropFirst("charset=".count).filter { $0 != "\"" }
      guard charset == "utf-8" else { return nil }
    }
    self = type
  }

  /// Whether bodies are envelopes.
  package var isFramed: Bool {
    switch self {
    case .userAPI, .connect: true
    case .json: false
    }
  }
}

extension StringProtocol {
  /// Without spaces and tabs at either end.
  package func trimmingSpaces() -> SubSequence {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    let start = self.firstIndex { !isSpace($0) } ?? self.endIndex
    let end = self.lastIndex { !isSpace($0) }.map { self.index(after: $0) } ?? start
    return self[start..<end]
  }
}
