internal import HTTP2
internal import NIOCore
internal import UserAPI

/// One HTTP/2 connection and the calls on it.
final class Connection: Sendable {
  private let channel: any Channel
  private let handler: NIOLoopBound<HTTP2ConnectionHandler>
  /// Nil for cleartext.
  private let handshake: NIOLoopBound<TLSHandshake>?
  /// Whether the connection ends with its last call.
  private let isDraining: NIOLoopBoundBox<Bool>
  private let onGoingAway: @Sendable (Connection) -> Void

  /// - Parameters:
  ///   - channel: A channel that has a client's `HTTP2ConnectionHandler`. On its event loop only.
  ///   - isTLS: Whether it has a ``TLSHandshake`` as well.
  ///   - onGoingAway: Called, perhaps more than once, when no new call can begin here.
  init(
    channel: any Channel, isTLS: Bool, onGoingAway: @escaping @Sendable (Connection) -> Void
  ) throws {
    self.channel = channel
    self.handler = NIOLoopBound(
      try channel.pipeline.syncOperations.handler(type: HTTP2ConnectionHandler.self),
      eventLoop: channel.eventLoop)
    self.handshake =
      isTLS
      ? NIOLoopBound(
        try channel.pipeline.syncOperations.handler(type: TLSHandshake.self),
        eventLoop: channel.eventLoop) : nil
    self.isDraining = NIOLoopBoundBox(false, eventLoop: channel.eventLoop)
    self.onGoingAway = onGoingAway
  }

  /// Done when the socket is closed.
  var closed: EventLoopFuture<Void> { self.channel.closeFuture }

  /// Why TLS ended the connection, for a person; nil when it did not. On the event loop only.
  var tlsFailure: String? { self.handshake?.value.failure.flatMap { ClientTLS.reason($0) } }

  /// Begins a call here, or tells it that it cannot.
  func open(_ call: Call) {
    self.channel.eventLoop.run {
      guard let headers = call.connected() else { return }
      do throws(SessionError) {
        let receiver = try self.handler.value.open(headers, endStream: false) { stream in
          CallReceiver(call: call, stream: stream, connection: self)
        }
        receiver.begin()
      } catch {
        if error.code == .noNewStreams { self.onGoingAway(self) }
        call.closed(
          UserAPIError(.connectionFailed, "the connection takes no new calls", cause: error),
          neverReached: error.code == .noNewStreams)
      }
    }
  }

  /// One of the calls has left the connection.
  ///
  /// - Parameter isRefused: Whether the server refused it. The connection is then no longer for
  ///   new calls, even if the server does not say so.
  func streamClosed(isRefused: Bool) {
    if isRefused || !self.handler.value.acceptsNewStreams {
      self.isDraining.value = true
      self.onGoingAway(self)
    }
    if self.isDraining.value { self.closeIfUnused() }
  }

  /// Closes the connection once it has no calls.
  func drain() {
    self.channel.eventLoop.run {
      self.isDraining.value = true
      self.closeIfUnused()
    }
  }

  private func closeIfUnused() {
    if self.handler.value.openStreams == 0 { self.handler.value.close() }
  }

  /// Closes the socket, whatever is on it.
  func close() {
    self.channel.close(promise: nil)
  }
}

extension Connection: Equatable {
  static func == (left: Connection, right: Connection) -> Bool {
    left === right
  }
}

extension EventLoop {
  /// Runs `body` here: at once on the event loop itself.
  func run(_ body: @escaping @Sendable () -> Void) {
    if self.inEventLoop {
      body()
    } else {
      self.execute(body)
    }
  }
}
