package import NIOCore

/// One stream of a connection, for the one who handles it. Belongs to the connection's event loop.
package final class HTTP2Stream {
  package let id: StreamID
  package let eventLoop: any EventLoop

  private let connection: HTTP2ConnectionHandler
  /// Whether the stream still takes anything from this side.
  package private(set) var isOpen = true

  init(id: StreamID, eventLoop: any EventLoop, connection: HTTP2ConnectionHandler) {
    self.id = id
    self.eventLoop = eventLoop
    self.connection = connection
  }

  /// Answers the request, as a server. Does nothing on a stream that is gone.
  package func sendHeaders(_ headers: Headers, endStream: Bool) {
    guard self.isOpen else { return }
    self.connection.respond(headers, on: self.id, endStream: endStream)
  }

  /// Adds to the outgoing body.
  ///
  /// - Returns: whether the producer may go on; after false it waits for
  ///   ``StreamReceiver/becameWritable()``. False too on a stream that is gone.
  @discardableResult
  package func send(_ bytes: ByteBuffer, endStream: Bool) -> Bool {
    self.isOpen && self.connection.send(bytes, on: self.id, endStream: endStream)
  }

  /// Gives the stream up. ``StreamReceiver/streamClosed(_:)`` follows.
  package func reset(_ code: ErrorCode) {
    guard self.isOpen else { return }
    self.connection.reset(self.id, code: code)
  }

  /// Lets the peer send `count` bytes of body more. Not only while the stream is open: what it
  /// held of the connection's window is given back here, too.
  package func consume(_ count: Int) {
    self.connection.consume(count, on: self.id)
  }

  func detach() {
    self.isOpen = false
  }
}
