package import NIOCore

/// One whole answer.
package struct Response: Sendable, Equatable {
  package var status: Int
  /// Nil for an answer without a body.
  package var contentType: String?
  package var body: ByteBuffer
  /// Where a redirect points.
  package var location: String?
  /// What `Retry-After` says: seconds, or a date.
  package var retryAfter: String?

  package init(
    _ status: Int, contentType: String? = nil, body: ByteBuffer = ByteBuffer(),
    location: String? = nil, retryAfter: String? = nil
  ) {
    self.status = status
    self.contentType = contentType
    self.body = body
    self.location = location
    self.retryAfter = retryAfter
  }

  static let jsonType = "application/json; charset=utf-8"

  /// Zero bytes and no content type, as a handler that returns nothing answers.
  static func empty(_ status: Int) -> Self { Self(status) }

  static func json(_ status: Int = 200, _ value: JSON) -> Self {
    .json(status, encoded: value.encoded)
  }

  static func json(_ status: Int = 200, encoded body: ByteBuffer) -> Self {
    Self(status, contentType: Self.jsonType, body: body)
  }
}
