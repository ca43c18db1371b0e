package import NIOCore

/// Cuts a body into envelopes, however its bytes are split.
package struct EnvelopeDecoder: Sendable {
  /// The longest payload it takes, in bytes.
  private let maximumLength: Int
  /// What has arrived and is not yet a whole envelope.
  private var pending = ByteBuffer()

  package init(maximumLength: Int) {
    self.maximumLength = maximumLength
  }

  /// Whether the body may end here.
  package var isAtBoundary: Bool { self.pending.readableBytes == 0 }

  package mutating func append(_ bytes: ByteBuffer) {
    if self.isAtBoundary {
      self.pending = bytes
    } else {
      self.pending.writeImmutableBuffer(bytes)
    }
  }

  /// The next whole envelope, or nil until more has been appended.
  ///
  /// - Throws: `INVALID_ENVELOPE` for unknown flags, and `MESSAGE_TOO_LARGE` as soon as the five
  ///   bytes of the header say so. Nothing can be read after an error.
  package mutating func next() throws(UserAPIError) -> Envelope? {
    guard
      let rawFlags = self.pending.getInteger(at: self.pending.readerIndex, as: UInt8.self),
      let rawLength = self.pending.getInteger(at: self.pending.readerIndex + 1, as: UInt32.self)
    else {
      self.pending.compact()
      return nil
    }
    let flags = Envelope.Flags(rawValue: rawFlags)
    guard flags.isSubset(of: .known) else {
      throw UserAPIError(.invalidEnvelope, "the envelope has unknown flags")
    }
    guard let length = Int(exactly: rawLength), length <= self.maximumLength else {
      throw UserAPIError.messageTooLarge(limit: self.maximumLength)
    }
    guard self.pending.readableBytes >= Envelope.headerSize + length else {
      self.pending.compact()
      return nil
    }
    self.pending.moveReaderIndex(forwardBy: Envelope.headerSize)
    guard let payload = self.pending.readSlice(length: length) else {
      preconditionFailure("the bytes were counted above")
    }
    return Envelope(flags: flags, payload: payload)
  }
}

extension UserAPIError {
  package static func messageTooLarge(limit: Int) -> UserAPIError {
    UserAPIError(.messageTooLarge, "the message is longer than \(limit) bytes")
  }
}
