package import NIOCore

/// Writes a response in the encoding of a content type (proto-spec.md, sections 3 to 6).
package struct ResponseEncoder: Sendable {
  package let contentType: ContentType

  package init(contentType: ContentType) {
    self.contentType = contentType
  }

  /// The HTTP status of a response that begins with `error`, or with a message.
  package func status(for error: UserAPIError?) -> Int {
    guard let error, self.contentType != .connect else { return 200 }
    return error.httpStatus
  }

  /// A message of the response, as it stands in the body.
  package func message(_ message: any Message) -> ByteBuffer {
    guard self.contentType.isFramed else { return message.encoded() }
    // Room for most messages and the end envelope behind it, without growing.
    var buffer = ByteBufferAllocator().buffer(capacity: 240)
    buffer.writeEnvelope { message.write(to: &$0) }
    return buffer
  }

  /// The body of a response that is one message.
  package func body(_ message: any Message) -> ByteBuffer {
    var buffer = self.message(message)
    if self.contentType.isFramed { buffer.writeImmutableBuffer(Self.success) }
    return buffer
  }

  /// What ends the body: the end envelope, or in a bare response the error alone.
  package func end(_ error: UserAPIError?) -> ByteBuffer {
    guard let error else { return self.contentType.isFramed ? Self.success : ByteBuffer() }
    guard self.contentType.isFramed else {
      var writer = JSONWriter()
      error.write(to: &writer)
      return writer.buffer
    }
    var buffer = ByteBuffer()
    buffer.writeEnvelope(flags: .endOfResponse) { writer in
      writer.object { writer in
        writer.key("error")
        error.write(to: &writer)
      }
    }
    return buffer
  }

  /// A message without a member, which says only that the server is there.
  package static let heartbeat: ByteBuffer = {
    var buffer = ByteBuffer()
    buffer.writeEnvelope { $0.object { _ in } }
    return buffer
  }()

  private static let success: ByteBuffer = {
    var buffer = ByteBuffer()
    buffer.writeEnvelope(flags: .endOfResponse) { $0.object { _ in } }
    return buffer
  }()
}
