/// One HTTP request.
struct CurlRequest: Sendable {
  enum Method: String, Sendable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
  }

  var method: Method
  var url: String
  /// Each as `name: value`.
  var headers: [String]
  /// What to send; nil for no body.
  var body: [UInt8]?
  /// How long the whole exchange may take.
  var timeout: Duration
  /// The longest response body to take, in bytes.
  var maxResponseSize: Int
}

/// A response that came whole.
package struct CurlResponse: Sendable {
  package var status: Int
  package var body: [UInt8]
  /// What `Retry-After` says, as a number or as a date.
  var retryAfter: Duration?
}

/// An exchange that did not come to a response.
package enum CurlError: Error, Equatable {
  /// The time limit passed.
  case timedOut
  /// No connection, or it was lost before the response was whole.
  case unreachable
  /// The response is longer than the request allows.
  case tooLarge
  /// The response is no HTTP.
  case malformed
  /// The task was cancelled, or the client closed.
  case cancelled
}
