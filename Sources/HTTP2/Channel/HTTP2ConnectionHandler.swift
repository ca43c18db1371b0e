package import NIOCore

/// Feeds a channel's bytes to a ``Session``, hands what they mean to each stream's
/// ``StreamReceiver``, and writes what the session has to send: during the read loop, flushed
/// once at its end.
package final class HTTP2ConnectionHandler: ChannelInboundHandler {
  package typealias InboundIn = ByteBuffer
  package typealias OutboundOut = ByteBuffer

  /// The most that one write to the channel carries, in bytes.
  private static let writeSize = 64 << 10

  /// How long the last bytes of a connection may take to leave.
  private static let lastWriteTimeout: TimeAmount = .seconds(5)

  private let session: Session
  private let role: Role
  /// Makes the receiver of a stream that the peer opened.
  private let accept: (HTTP2Stream) -> (any StreamReceiver)?
  private var streams: [StreamID: (stream: HTTP2Stream, receiver: any StreamReceiver)] = [:]
  private var drain = DrainMachine()
  private var context: ChannelHandlerContext?
  private var isReading = false
  private var isFlushScheduled = false
  private var isClosing = false
  private var refusesNewStreams = false
  /// Whether the server's preface waits for the client's, which may turn out to be no HTTP/2 and
  /// gets an answer without SETTINGS in front of it.
  private var holdsPreface: Bool

  /// A server's end of a connection.
  package static func server(
    configuration: SessionConfiguration = .defaults,
    accept: @escaping (HTTP2Stream) -> any StreamReceiver
  ) -> HTTP2ConnectionHandler {
    HTTP2ConnectionHandler(role: .server, configuration: configuration, accept: accept)
  }

  /// A client's end of a connection; streams begin with ``open(_:endStream:makeReceiver:)``.
  package static func client(
    configuration: SessionConfiguration = .defaults
  ) -> HTTP2ConnectionHandler {
    // A server that opens a stream breaks the protocol, and libnghttp2 says so before this does.
    HTTP2ConnectionHandler(role: .client, configuration: configuration, accept: { _ in nil })
  }

  private init(
    role: Role, configuration: SessionConfiguration,
    accept: @escaping (HTTP2Stream) -> (any StreamReceiver)?
  ) {
    self.role = role
    self.holdsPreface = role == .server
    self.session = Session(role: role, configuration: configuration)
    self.accept = accept
  }

  // MARK: For the owner of the connection

  /// Whether ``open(_:endStream:makeReceiver:)`` can succeed.
  package var acceptsNewStreams: Bool {
    self.context != nil && !self.isClosing && !self.refusesNewStreams
  }

  /// Who handles the open streams.
  package var receivers: [any StreamReceiver] { self.streams.values.map(\.receiver) }

  /// How many streams are open.
  package var openStreams: Int { self.streams.count }

  /// Opens a stream as a client.
  ///
  /// - Throws: ``SessionError/Code/noNewStreams`` when the connection is closed or going away.
  package func open<Receiver: StreamReceiver>(
    _ headers: Headers, endStream: Bool, makeReceiver: (HTTP2Stream) -> Receiver
  ) throws(SessionError) -> Receiver {
    guard self.acceptsNewStreams, let context else { throw SessionError(code: .noNewStreams) }
    let id = try self.session.submitRequest(headers, endStream: endStream)
    let stream = HTTP2Stream(id: id, eventLoop: context.eventLoop, connection: self)
    let receiver = makeReceiver(stream)
    self.streams[id] = (stream, receiver)
    self.scheduleWrite()
    return receiver
  }

  /// Begins to end the connection: streams that are open go on, and it closes after the last.
  package func beginDrain() {
    guard self.context != nil else { return }
    switch self.drain.begin() {
    case .announceAndPing:
      self.holdsPreface = false
      self.session.announceShutdown()
      self.session.ping(0)
      self.scheduleWrite()
    case .none:
      break
    }
  }

  /// Goes on with a drain whose announcement the peer has not acknowledged: later streams are
  /// refused, and a connection without any is closed.
  package func hurryDrain() {
    guard self.context != nil else { return }
    switch self.drain.pingAcknowledged() {
    case .goAway:
      self.session.goAway(.noError)
      self.scheduleWrite()
    case .none: break
    }
    if self.streams.isEmpty { self.close() }
  }

  /// Ends the connection now; open streams are reset.
  package func endDrain() {
    guard self.context != nil else { return }
    switch self.drain.expire() {
    case .terminate:
      self.close()
    case .none:
      break
    }
  }

  /// Closes the connection: GOAWAY, then the socket. Open streams are lost. A peer that does not
  /// read gets no GOAWAY, and nothing of what it has not read.
  package func close() {
    guard let context else { return }
    guard context.channel.isWritable, !self.isClosing else {
      context.close(promise: nil)
      return
    }
    self.holdsPreface = false
    self.session.terminate(.noError)
    self.scheduleWrite()
  }

  // MARK: For the streams

  func respond(_ headers: Headers, on id: StreamID, endStream: Bool) {
    // A stream that the peer took in the meantime is no error: its `closed` is on the way.
    do { try self.session.submitResponse(headers, on: id, endStream: endStream) } catch { return }
    self.scheduleWrite()
  }

  func send(_ bytes: ByteBuffer, on id: StreamID, endStream: Bool) -> Bool {
    let mayGoOn: Bool
    // As above.
    do { mayGoOn = try self.session.send(bytes, on: id, endStream: endStream) } catch {
      return false
    }
    self.scheduleWrite()
    return mayGoOn
  }

  func reset(_ id: StreamID, code: ErrorCode) {
    self.session.reset(id, code: code)
    self.scheduleWrite()
  }

  func consume(_ count: Int, on id: StreamID) {
    self.session.consume(count, on: id)
    self.scheduleWrite()
  }

  // MARK: ChannelInboundHandler

  package func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { self.write(context, flush: true) }
  }

  package func handlerRemoved(context: ChannelHandlerContext) {
    self.loseStreams()
  }

  package func channelActive(context: ChannelHandlerContext) {
    self.write(context, flush: true)
    context.fireChannelActive()
  }

  package func channelInactive(context: ChannelHandlerContext) {
    self.loseStreams()
    context.fireChannelInactive()
  }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !self.isClosing else { return }
    self.isReading = true
    do {
      try self.session.receive(self.unwrapInboundIn(data))
    } catch {
      self.handOutEvents()
      self.fail(error, context)
      return
    }
    if self.holdsPreface {
      // Before anybody hears of a request and writes to the channel on its own.
      self.holdsPreface = false
      self.write(context, flush: false)
    }
    self.handOutEvents()
    self.write(context, flush: false)
  }

  package func channelReadComplete(context: ChannelHandlerContext) {
    self.isReading = false
    self.write(context, flush: true)
    context.fireChannelReadComplete()
  }

  package func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { self.write(context, flush: true) }
    context.fireChannelWritabilityChanged()
  }

  package func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The socket failed; `channelInactive` tells the streams.
    context.close(promise: nil)
  }

  // MARK: Doing

  private func handOutEvents() {
    while let event = self.session.nextEvent() {
      switch event {
      case .headers(let id, let headers, let endStream):
        self.stream(id)?.receivedHeaders(headers, endStream: endStream)
      case .data(let id, let bytes):
        if let entry = self.streams[id] {
          entry.receiver.receivedData(bytes)
        } else {
          self.session.consume(bytes.readableBytes, on: id)
        }
      case .endStream(let id):
        self.streams[id]?.receiver.receivedEnd()
      case .writable(let id):
        self.streams[id]?.receiver.becameWritable()
      case .closed(let id, let code):
        guard let entry = self.streams.removeValue(forKey: id) else { continue }
        entry.stream.detach()
        entry.receiver.streamClosed(code == .noError ? .finished : .reset(code))
      case .goAway:
        self.refusesNewStreams = true
      case .pingAcknowledged:
        switch self.drain.pingAcknowledged() {
        case .goAway: self.session.goAway(.noError)
        case .none: break
        }
      }
    }
  }

  /// The receiver of a stream; a new one when the peer has just opened it.
  private func stream(_ id: StreamID) -> (any StreamReceiver)? {
    if let entry = self.streams[id] { return entry.receiver }
    guard let context else { return nil }
    let stream = HTTP2Stream(id: id, eventLoop: context.eventLoop, connection: self)
    guard let receiver = self.accept(stream) else { return nil }
    self.streams[id] = (stream, receiver)
    return receiver
  }

  private func loseStreams() {
    // First of all: a receiver that opens a stream in answer to its loss must not find a way.
    self.isClosing = true
    self.context = nil
    self.handOutEvents()
    let lost = self.streams
    self.streams = [:]
    for (id, entry) in lost {
      entry.stream.detach()
      // A request that never left is refused: it can be sent again without a risk.
      entry.receiver.streamClosed(
        self.session.hasBegun(id) ? .connectionLost : .reset(.refusedStream))
    }
  }

  /// Sees to it that what was just queued is written: at the end of the read loop, or else at
  /// the end of this turn of the event loop, once for everything queued in it.
  private func scheduleWrite() {
    guard !self.isReading, !self.isFlushScheduled, let context else { return }
    self.isFlushScheduled = true
    context.eventLoop.assumeIsolated().execute {
      self.isFlushScheduled = false
      if let context = self.context { self.write(context, flush: true) }
    }
  }

  private func write(_ context: ChannelHandlerContext, flush: Bool) {
    // What is written to a channel that is not active yet is lost.
    guard !self.isClosing, !self.holdsPreface, context.channel.isActive else { return }
    while context.channel.isWritable {
      var buffer = context.channel.allocator.buffer(capacity: 1_024)
      let isUsable = self.session.writePending(into: &buffer, limit: Self.writeSize)
      let count = buffer.readableBytes
      if count > 0 { context.write(self.wrapOutboundOut(buffer), promise: nil) }
      guard isUsable else {
        self.close(context)
        return
      }
      if count < Self.writeSize { break }
    }
    if flush { context.flush() }
    // Writing finishes streams and makes room for producers.
    self.handOutEvents()
    if self.session.isFinished { self.close(context) }
  }

  private func fail(_ error: SessionError, _ context: ChannelHandlerContext) {
    if error.code == .notHTTP2, self.role == .server {
      context.write(self.wrapOutboundOut(Self.notHTTP2Answer), promise: nil)
    } else {
      var buffer = ByteBuffer()
      self.session.terminate(error.code == .flooded ? .enhanceYourCalm : .internalError)
      _ = self.session.writePending(into: &buffer, limit: Self.writeSize)
      context.write(self.wrapOutboundOut(buffer), promise: nil)
    }
    self.close(context)
    // Nothing more is heard of them, whenever the socket goes.
    self.loseStreams()
  }

  /// Closes the channel once the socket took everything: a close gives up what still waits.
  private func close(_ context: ChannelHandlerContext) {
    self.isClosing = true
    let channel = context.channel
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.whenComplete { _ in channel.close(promise: nil) }
    context.writeAndFlush(self.wrapOutboundOut(ByteBuffer()), promise: written)
    // A peer that reads nothing does not keep the socket.
    let lastMoment = context.eventLoop.scheduleTask(in: Self.lastWriteTimeout) {
      channel.close(promise: nil)
    }
    channel.closeFuture.whenComplete { _ in lastMoment.cancel() }
  }

  /// What a caller gets who speaks HTTP/1 here. Not part of HTTP/2: a courtesy to people.
  private static let notHTTP2Answer = ByteBuffer(
    string: """
      HTTP/1.1 505 HTTP Version Not Supported\r
      content-type: text/plain\r
      content-length: 70\r
      connection: close\r
      \r
      This port speaks HTTP/2 only. With curl, add --http2-prior-knowledge.

      """)
}
