/// Frames as the conformance cases spell them.
extension Frame {
  /// A request of nothing but headers, answered with 200.
  ///
  /// - Parameters:
  ///   - path: what the server does: `/body` answers with ten bytes, `/reset` resets the stream at
  ///     its headers, `/hold` never answers, all else is answered without a body.
  ///   - fields: what comes after the pseudo-headers.
  static func request(
    _ stream: UInt32, path: String = "/a", _ fields: [(String, String)] = [],
    flags: Flags = .whole
  ) -> Frame {
    .headers(stream, Self.fields(path: path) + fields, flags: flags)
  }

  /// The same with END_HEADERS alone: a body or trailers follow.
  static func open(
    _ stream: UInt32, path: String = "/a", _ fields: [(String, String)] = []
  ) -> Frame {
    .request(stream, path: path, fields, flags: .endHeaders)
  }

  static func fields(path: String = "/a") -> [(String, String)] {
    [(":method", "POST"), (":scheme", "http"), (":authority", "example.test"), (":path", path)]
  }

  /// A header block as bytes.
  static func block(_ stream: UInt32, _ payload: [UInt8], flags: Flags = .whole) -> Frame {
    Frame(type: 0x1, flags: flags, stream: stream, payload: payload)
  }

  static func trailers(
    _ stream: UInt32, _ fields: [(String, String)] = [("checksum", "3")], flags: Flags = .whole
  ) -> Frame {
    .headers(stream, fields, flags: flags)
  }

  static func priority(_ stream: UInt32, on parent: UInt32 = 0, weight: UInt8 = 15) -> Frame {
    Frame(type: 0x2, stream: stream, payload: Self.dependency(on: parent, weight: weight))
  }

  /// The five bytes of a dependency (RFC 9113, section 6.3).
  static func dependency(on parent: UInt32, weight: UInt8 = 15) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: parent >> $0) } + [weight]
  }

  static func zeros(_ count: Int) -> [UInt8] {
    [UInt8](repeating: 0, count: count)
  }
}

extension Frame.Flags {
  static let priority = Self(rawValue: 0x20)
  static let all = Self(rawValue: 0xff)
  static let whole: Self = [.endHeaders, .endStream]
}
