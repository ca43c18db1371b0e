package import NIOCore

/// One stream of a connection, for the one who handles it. Belongs to the connection's event loop.
package final class HTTP2Stream {
  package let id: StreamID
  package let eventLoop: any EventLoop

  private let connection: HTTP2ConnectionHandler
  /// Whether the stream still takes anything from this side.
  package private(set) var isOpen = true
  /// Whether work for the stream goes on, be it open or not. Until it has ended the stream counts
  /// against the connection's limit: a peer that resets streams must not have more work done than
  /// one that waits for its answers.
  package var isBusy = false {
    didSet {
      if oldValue, !self.isBusy, !self.isOpen { self.connection.endLingering() }
    }
  }

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

  /// Whether `count` bytes more may wait on the connection (``ConnectionConfiguration``).
  package func mayBuffer(_ count: Int) -> Bool {
    self.connection.mayBuffer(count)
  }

  /// Counts bytes of a request that is not whole, which are kept: `count` more, or fewer when it is
  /// negative.
  package func hold(_ count: Int) {
    self.connection.hold(count)
  }

  func detach() {
    self.isOpen = false
  }
}
