internal import CNghttp2

/// A call on a ``Session`` that libnghttp2 refused.
package struct SessionError: Error, Equatable, Sendable {
  package struct Code: RawRepresentable, Hashable, Sendable {
    /// libnghttp2's own number (`nghttp2_error`), negative.
    package let rawValue: Int32

    package init(rawValue: Int32) {
      self.rawValue = rawValue
    }

    /// The peer's first bytes are not HTTP/2 (RFC 9113, section 3.4).
    package static let notHTTP2 = Self(rawValue: NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue)
    /// No such stream, or it is already finished on this side. Usually a race with the peer.
    package static let streamClosed = Self(rawValue: NGHTTP2_ERR_STREAM_CLOSED.rawValue)
    /// The stream has its response headers; it takes no second ones.
    package static let alreadyAnswered = Self(
      rawValue: NGHTTP2_ERR_INVALID_STREAM_STATE.rawValue)
    /// The connection takes no new streams: it is going away or out of identifiers.
    package static let noNewStreams = Self(rawValue: NGHTTP2_ERR_START_STREAM_NOT_ALLOWED.rawValue)
    /// The peer made this side queue more acknowledgements than it will hold.
    package static let flooded = Self(rawValue: NGHTTP2_ERR_FLOODED.rawValue)
  }

  package let code: Code

  package init(code: Code) {
    self.code = code
  }
}

extension SessionError: CustomStringConvertible {
  package var description: String {
    String(cString: nghttp2_strerror(self.code.rawValue))
  }
}
