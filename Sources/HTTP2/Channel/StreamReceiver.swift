package import NIOCore

/// What a stream tells the one who handles it. Every call comes on the connection's event loop,
/// in the order of the wire; ``streamClosed(_:)`` comes exactly once and last.
package protocol StreamReceiver: AnyObject {
  /// A request, a response or trailers. With `endStream` nothing more follows from the peer.
  func receivedHeaders(_ headers: Headers, endStream: Bool)
  /// A part of the body. The peer may send that much again once
  /// ``HTTP2Stream/consume(_:)`` was called for it.
  func receivedData(_ data: ByteBuffer)
  /// The peer's body has ended; not called when the headers ended the stream.
  func receivedEnd()
  /// The peer has read enough of the outgoing body for ``HTTP2Stream/send(_:endStream:)`` to go on.
  func becameWritable()
  /// The connection has begun to end, and does when its streams have: whoever has no end in sight
  /// comes to one. May be the first that a stream hears.
  func drainBegan()
  /// The stream is gone.
  func streamClosed(_ reason: StreamCloseReason)
}

extension StreamReceiver {
  /// Goes on to its end.
  package func drainBegan() {}
}

/// Why a stream is gone.
package enum StreamCloseReason: Equatable, Sendable {
  /// Both sides said all they had to say.
  case finished
  /// One of the sides gave it up, with this code.
  case reset(ErrorCode)
  /// The connection under it was lost.
  case connectionLost
}
