package import NIOCore

/// What a ``Session`` has to tell, in the order in which it happened on the wire.
package enum SessionEvent: Sendable, Equatable {
  /// A request, a response, or trailers. Nothing follows on the stream when `endStream` is true.
  case headers(StreamID, Headers, endStream: Bool)
  /// A part of a body. Its bytes count against the stream's window until
  /// ``Session/consume(_:on:)`` gives them back.
  case data(StreamID, ByteBuffer)
  /// The peer has sent the last byte of its body.
  case endStream(StreamID)
  /// The peer's window took enough of what waited; the producer may go on.
  case writable(StreamID)
  /// The stream is gone: finished on both sides (`noError`), reset by either, or refused, be it
  /// by the peer or because the request could not be sent any more (`refusedStream`). The last
  /// event of every stream that had one.
  case closed(StreamID, ErrorCode)
  /// The peer will answer no stream above `lastStreamID`.
  case goAway(lastStreamID: StreamID, ErrorCode)
  /// The peer went beyond a limit; what follows from that, follows on its own.
  case limitExceeded(ConnectionLimit)
  /// The peer answered a ping with these eight bytes.
  case pingAcknowledged(UInt64)
}
