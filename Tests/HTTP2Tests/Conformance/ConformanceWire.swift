import NIOCore

/// How a conformance case reaches a server.
protocol ConformanceWire {
  /// Sends bytes that end with a PING.
  ///
  /// - Returns: what the server said until it answered that ping or closed the connection.
  func exchange(_ bytes: ByteBuffer, until ping: Frame) async throws -> ConformanceReply
}

struct ConformanceReply {
  var frames: [Frame] = []
  var isClosed = false

  static func += (sum: inout Self, more: Self) {
    sum.frames += more.frames
    sum.isClosed = more.isClosed
  }
}
