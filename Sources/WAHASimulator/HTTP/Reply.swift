/// What the connection does about a request.
package enum Reply: Sendable {
  case response(Response)
  /// Declares the whole body, sends this many bytes of it, and closes.
  case truncated(Response, after: Int)
  /// Closes without a word.
  case close
  /// Says nothing and leaves the connection open.
  case silence

  /// The status that goes out; nil when none does.
  var status: Int? {
    switch self {
    case .response(let response), .truncated(let response, _): response.status
    case .close, .silence: nil
    }
  }
}

/// A reply that stands already, or one that takes time.
package enum Outcome: Sendable {
  case now(Reply)
  case later(@Sendable () async -> Reply)

  static func answer(_ response: Response) -> Self { .now(.response(response)) }
}
