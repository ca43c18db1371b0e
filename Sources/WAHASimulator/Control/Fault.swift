/// Something that goes wrong for the requests it matches.
package struct Fault: Sendable, Equatable {
  /// What a matching request gets.
  package enum Answer: Sendable, Equatable {
    /// What it would have got anyway.
    case real
    /// This status. Without a body a fitting one is made up: HTML, as a proxy would send, for
    /// 502, 503 and 504, else WAHA's own error shape.
    case status(
      Int, body: String? = nil, contentType: String? = nil, retryAfter: String? = nil)
    /// The 500 with request echo and stack.
    case exception(ServerException)
    /// 302 to this location.
    case redirect(String)
    /// The connection closes without a word.
    case drop
    /// Nothing, for ever.
    case hang
  }

  /// Nil matches every method.
  package var method: String?
  /// Nil matches every path. With a `*` for a whole segment the pattern has to fit the whole path,
  /// segment by segment; without one it is what the path begins with. The query is not looked at.
  package var path: String?
  /// How many requests it is good for; nil: all.
  package var count: Int?
  /// Passes before anything else happens.
  package var latency: Duration
  package var answer: Answer
  /// Declares the whole body, sends this many bytes of it, and closes.
  package var truncateAfter: Int?

  package init(
    _ answer: Answer = .real, method: String? = nil, path: String? = nil, count: Int? = nil,
    latency: Duration = .zero, truncateAfter: Int? = nil
  ) {
    self.method = method
    self.path = path
    self.count = count
    self.latency = latency
    self.answer = answer
    self.truncateAfter = truncateAfter
  }

  func matches(method: String, path: String) -> Bool {
    if let wanted = self.method, wanted.uppercased() != method { return false }
    guard let pattern = self.path else { return true }
    let wanted = pattern.split(separator: "/", omittingEmptySubsequences: false)
    guard wanted.contains("*") else { return path.hasPrefix(pattern) }
    let segments = path.split(separator: "/", omittingEmptySubsequences: false)
    return wanted.count == segments.count
      && zip(wanted, segments).allSatisfy { $0 == "*" || $0 == $1 }
  }
}
