package import NIOCore
package import NIOHTTP1

/// One request, read whole.
package struct Request: Sendable {
  package var method: HTTPMethod
  /// Path and query as they were received.
  package var target: String
  package var headers: HTTPHeaders
  package var body: ByteBuffer

  /// The target up to the question mark, still percent-encoded.
  package let path: String
  /// The decoded query, in order.
  package let query: [(name: String, value: String)]

  package init(
    _ method: HTTPMethod, _ target: String, headers: HTTPHeaders = [:],
    body: ByteBuffer = ByteBuffer()
  ) {
    self.method = method
    self.target = target
    self.headers = headers
    self.body = body
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    self.path = parts.first.map(String.init) ?? ""
    self.query = parts.count > 1 ? Self.parseQuery(parts[1]) : []
  }

  /// The first value of this query parameter.
  package func parameter(_ name: String) -> String? {
    self.query.first { $0.name == name }?.value
  }

  /// The path's segments, each percent-decoded.
  /// - Throws: `Refusal` with 400 when an escape is broken.
  func segments() throws(Refusal) -> [String] {
    var segments: [String] = []
    for segment in self.path.split(separator: "/") {
      guard let decoded = String(percentDecoding: segment) else {
        throw Refusal(.failure(400, "Failed to decode param '\(segment)'"))
      }
      segments.append(decoded)
    }
    return segments
  }

  /// The JSON body; `{}` when the request does not say that it carries JSON.
  /// - Throws: `Refusal` with 400 when the text is no JSON object or array.
  func json() throws(Refusal) -> JSON {
    let type = self.headers.first(name: "content-type") ?? ""
    guard type.lowercased().hasPrefix("application/json"), self.body.readableBytes > 0 else {
      return [:]
    }
    switch try? JSON(decoding: self.body) {
    case .some(let value) where value.items != nil: return value
    case .some(.object(let members)): return .object(members)
    default: throw Refusal(.failure(400, "Unexpected token in JSON at position 0"))
    }
  }

  private static func parseQuery(_ text: Substring) -> [(name: String, value: String)] {
    text.split(separator: "&").map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      func decode(_ part: Substring) -> String {
        let spaced = Substring(String(part.map { $0 == "+" ? " " : $0 }))
        return String(percentDecoding: spaced) ?? String(part)
      }
      return (decode(parts[0]), parts.count > 1 ? decode(parts[1]) : "")
    }
  }
}
