package import NIOCore

/// The body of a request as it arrives: exactly one message, in the encoding of its content type.
package struct RequestBody: Sendable {
  private enum Content: Sendable {
    case framed(EnvelopeDecoder, message: ByteBuffer?)
    case bare(ByteBuffer)
  }

  private var content: Content
  private let limit: Int
  private let allowsEmpty: Bool

  /// - Parameters:
  ///   - limit: The longest message, in bytes.
  ///   - allowsEmpty: Whether a body of no bytes counts as `{}`.
  package init(contentType: ContentType, limit: Int, allowsEmpty: Bool) {
    self.content =
      contentType.isFramed
      ? .framed(EnvelopeDecoder(maximumLength: limit), message: nil) : .bare(ByteBuffer())
    self.limit = limit
    self.allowsEmpty = allowsEmpty
  }

  package mutating func append(_ bytes: ByteBuffer) throws(UserAPIError) {
    switch self.content {
    case .framed(var decoder, var message):
      // Both branches take the content out first: bytes that two own are copied when they grow.
      self.content = .bare(ByteBuffer())
      decoder.append(bytes)
      while let envelope = try decoder.next() {
        guard envelope.flags.isEmpty else { throw Self.refusal(of: envelope.flags) }
        guard message == nil else {
          throw UserAPIError(.invalidEnvelope, "the request has more than one message")
        }
        message = envelope.payload
      }
      self.content = .framed(decoder, message: message)
    case .bare(var body):
      guard body.readableBytes + bytes.readableBytes <= self.limit else {
        throw UserAPIError.messageTooLarge(limit: self.limit)
      }
      self.content = .bare(ByteBuffer())
      if body.readableBytes == 0 {
        body = bytes
      } else {
        body.writeImmutableBuffer(bytes)
      }
      self.content = .bare(body)
    }
  }

  /// Gives up what it holds of larger buffers, for a body whose end is not in sight.
  package mutating func compact() {
    switch self.content {
    case .framed(let decoder, var message):
      message?.compact()
      self.content = .framed(decoder, message: message)
    case .bare(var body):
      body.compact()
      self.content = .bare(body)
    }
  }

  /// The message, once the body has ended.
  package consuming func finish() throws(UserAPIError) -> ByteBuffer {
    switch self.content {
    case .framed(let decoder, let message):
      guard decoder.isAtBoundary else {
        throw UserAPIError(.invalidEnvelope, "the request ends inside an envelope")
      }
      if let message { return message }
    case .bare(let body):
      if body.readableBytes > 0 { return body }
    }
    guard self.allowsEmpty else {
      throw UserAPIError(
        .invalidEnvelope, "the request has no message, and the procedure needs one")
    }
    return ByteBuffer(string: "{}")
  }

  private static func refusal(of flags: Envelope.Flags) -> UserAPIError {
    flags.contains(.compressed)
      ? UserAPIError(.compressionUnsupported, "compressed messages are not supported")
      : UserAPIError(.invalidEnvelope, "a request has no end envelope")
  }
}
