/// A request as it was received.
package struct RecordedRequest: Sendable, Equatable {
  package var method: String
  /// The path with its query, byte for byte.
  package var path: String
  /// What was answered; nil while it is not, and for ever when the connection was dropped.
  package var status: Int?
  /// When it came in, in milliseconds since 1970.
  package var atMs: Int
  /// Whether the peer went away before the answer.
  package var isAborted: Bool
  /// What the header of that name says.
  package var traceparent: String?

  package init(
    method: String, path: String, status: Int?, atMs: Int, isAborted: Bool,
    traceparent: String? = nil
  ) {
    self.method = method
    self.path = path
    self.status = status
    self.atMs = atMs
    self.isAborted = isAborted
    self.traceparent = traceparent
  }
}
