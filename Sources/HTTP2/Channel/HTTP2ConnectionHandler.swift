package import NIOCore

/// Feeds a channel's bytes to a ``Session``, hands what they mean to each stream's
/// ``StreamReceiver``, and writes what the session has to send: during the read loop, flushed
/// once at its end.
package final class HTTP2ConnectionHandler: ChannelInboundHandler {
  package typealias InboundIn = ByteBuffer
  package typealias OutboundOut = ByteBuffer

  /// The most that one write to the channel carries, in bytes.
  private static let writeSize = 16 << 10

  /// What a channel that is not writable counts as holding, in bytes: its high water mark, and the
  /// write that went over it.
  private static let unwritableBytes = 48 << 10

  /// What an open stream counts as holding, in bytes, and how many of them are not counted.
  private static let streamBytes = 1 << 10
  private static let freeStreams = 8

  /// How long the last bytes of a connection may take to leave.
  private static let lastWriteTimeout: TimeAmount = .seconds(5)

  /// How long after them the peer has to close its side. What it still sends is dropped: a socket
  /// that is closed over unread bytes takes back what the peer has not read either.
  private static let lingerTimeout: TimeAmount = .seconds(1)

  /// What tells the pings apart that this side sends.
  private static let drainPing: UInt64 = 0
  private static let keepalivePing: UInt64 = 1

  private let session: Session
  private let role: Role
  private let configuration: ConnectionConfiguration
  /// Makes the receiver of a stream that the peer opened.
  private let accept: (HTTP2Stream) -> (any StreamReceiver)?
  private var streams = StreamTable<(stream: HTTP2Stream, receiver: any StreamReceiver)>()
  /// Streams that are gone and whose work goes on.
  private var lingeringStreams = 0
  /// Bytes that receivers hold of requests that are not whole.
  private var heldBytes = 0
  private var isShed = false
  /// What the budget knows of.
  private var reportedBytes = 0
  private var sentBytes = 0
  /// Ends this connection from any thread, for the budget. Holds the handler while it is connected.
  private var shedFromAnywhere: (@Sendable () -> Void)?
  private var timer: ConnectionTimer?
  private var timerTask: (task: Scheduled<Void>, due: NIODeadline)?
  private var drain = DrainMachine()
  private var isDraining = false
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
    configuration: ConnectionConfiguration = .defaults,
    accept: @escaping (HTTP2Stream) -> any StreamReceiver
  ) -> HTTP2ConnectionHandler {
    HTTP2ConnectionHandler(role: .server, configuration: configuration, accept: accept)
  }

  /// A client's end of a connection; streams begin with ``open(_:endStream:makeReceiver:)``.
  package static func client(
    configuration: SessionConfiguration = .defaults
  ) -> HTTP2ConnectionHandler {
    // A server that opens a stream breaks the protocol, and libnghttp2 says so before this does.
    HTTP2ConnectionHandler(
      role: .client, configuration: ConnectionConfiguration(session: configuration),
      accept: { _ in nil })
  }

  private init(
    role: Role, configuration: ConnectionConfiguration,
    accept: @escaping (HTTP2Stream) -> (any StreamReceiver)?
  ) {
    self.role = role
    self.holdsPreface = role == .server
    self.configuration = configuration
    self.session = Session(role: role, configuration: configuration.session)
    self.accept = accept
  }

  // MARK: For the owner of the connection

  /// Whether ``open(_:endStream:makeReceiver:)`` can succeed.
  package var acceptsNewStreams: Bool {
    self.context != nil && !self.isClosing && !self.refusesNewStreams
  }

  /// Who handles the open streams.
  package var receivers: [any StreamReceiver] { self.streams.entries.map(\.value.receiver) }

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
    self.streams.set((stream, receiver), for: id)
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
      self.session.ping(Self.drainPing)
      self.scheduleWrite()
      self.isDraining = true
      for receiver in self.receivers { receiver.drainBegan() }
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
    // What its socket has not taken yet is the end of a response: it closes after that by itself.
    if self.streams.isEmpty, self.context?.channel.isWritable == true { self.close() }
  }

  /// Closes the connection: GOAWAY, then the socket. Open streams are lost. A peer that does not
  /// read gets no GOAWAY, and nothing of what it has not read.
  package func close() {
    self.close(.noError)
  }

  private func close(_ code: ErrorCode) {
    guard let context else { return }
    guard context.channel.isWritable, !self.isClosing else {
      context.close(promise: nil)
      // The socket may take its time, as it does under TLS.
      self.loseStreams()
      return
    }
    self.holdsPreface = false
    self.session.terminate(code)
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

  /// Whether `count` bytes more may wait for this peer. Any number may when nothing does.
  func mayBuffer(_ count: Int) -> Bool {
    let buffered = self.session.pendingBytes + self.heldBytes
    return buffered == 0 || buffered + count <= self.configuration.maxBufferedBytes
  }

  func hold(_ count: Int) {
    self.heldBytes += count
  }

  func endLingering() {
    self.lingeringStreams -= 1
  }

  // MARK: ChannelInboundHandler

  package func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { self.begin(context) }
  }

  package func handlerRemoved(context: ChannelHandlerContext) {
    self.loseStreams()
  }

  package func channelActive(context: ChannelHandlerContext) {
    self.begin(context)
    context.fireChannelActive()
  }

  private func begin(_ context: ChannelHandlerContext) {
    self.timer = ConnectionTimer(
      timeouts: self.configuration.timeouts, openedAt: context.eventLoop.now,
      jitter: .random(in: 0..<1))
    self.armTimer(context)
    if self.configuration.budget != nil {
      let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
      let eventLoop = context.eventLoop
      self.shedFromAnywhere = { eventLoop.execute { handler.value.shed() } }
    }
    self.write(context, flush: true)
  }

  package func channelInactive(context: ChannelHandlerContext) {
    self.loseStreams()
    context.fireChannelInactive()
  }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !self.isClosing else { return }
    self.isReading = true
    let now = context.eventLoop.now
    do {
      try self.session.receive(self.unwrapInboundIn(data), at: now)
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
    let isSooner = self.timer?.received(
      hasPreface: self.session.hasPreface,
      headerBlock: self.session.openHeaderBlock, at: now)
    if isSooner == true { self.armTimer(context) }
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
      case .headers(let id, let headers, _) where headers.isTruncated && self.role == .client:
        // A part of a response is none.
        self.session.reset(id, code: .enhanceYourCalm)
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
        guard let entry = self.streams.remove(id) else { continue }
        entry.stream.detach()
        entry.receiver.streamClosed(code == .noError ? .finished : .reset(code))
        if entry.stream.isBusy { self.lingeringStreams += 1 }
        if self.streams.isEmpty, let context {
          self.timer?.closedLastStream(at: context.eventLoop.now)
          self.armTimer(context)
        }
      case .limitExceeded(let limit):
        self.configuration.onLimitExceeded(limit)
      case .goAway:
        self.refusesNewStreams = true
      case .pingAcknowledged(let payload):
        guard payload == Self.drainPing else { continue }
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
    // libnghttp2 counts the streams that are open; a peer that resets them has not ended their work.
    let taken = self.streams.count + self.lingeringStreams
    guard taken < Int(self.configuration.session.maxConcurrentStreams) else {
      self.session.reset(id, code: .refusedStream)
      return nil
    }
    let stream = HTTP2Stream(id: id, eventLoop: context.eventLoop, connection: self)
    guard let receiver = self.accept(stream) else { return nil }
    if self.streams.isEmpty { self.timer?.openedStream() }
    self.streams.set((stream, receiver), for: id)
    if self.isDraining { receiver.drainBegan() }
    return receiver
  }

  private func loseStreams() {
    // First of all: a receiver that opens a stream in answer to its loss must not find a way.
    self.isClosing = true
    self.context = nil
    self.timer = nil
    self.timerTask?.task.cancel()
    self.timerTask = nil
    self.handOutEvents()
    let lost = self.streams
    self.streams = StreamTable()
    for (id, entry) in lost.entries {
      entry.stream.detach()
      // A request that never left is refused: it can be sent again without a risk.
      entry.receiver.streamClosed(
        self.session.hasBegun(id) ? .connectionLost : .reset(.refusedStream))
    }
    self.session.discardOutbound()
    self.heldBytes = 0
    self.reportBuffered(isWritable: true)
    self.shedFromAnywhere = nil
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
    self.noteWaiting(context)
    if self.session.isFinished { self.close(context) }
  }

  /// Tells the timer and the budget what waits for the peer.
  private func noteWaiting(_ context: ChannelHandlerContext) {
    let isWritable = context.channel.isWritable
    let isWaiting = !isWritable || self.session.pendingBytes > 0
    let sentBytes = self.session.sentBytes
    let hasProgressed = sentBytes != self.sentBytes
    self.timer?.wrote(
      isWaiting: isWaiting, hasProgressed: hasProgressed, at: context.eventLoop.now)
    self.sentBytes = sentBytes
    if isWaiting { self.armTimer(context) }
    self.reportBuffered(isWritable: isWritable, hasProgressed: hasProgressed && isWaiting)
  }

  private func reportBuffered(isWritable: Bool, hasProgressed: Bool = false) {
    guard let budget = self.configuration.budget, !self.isShed else { return }
    let buffered =
      self.session.pendingBytes + self.heldBytes + (isWritable ? 0 : Self.unwritableBytes)
      + max(0, self.streams.count - Self.freeStreams) * Self.streamBytes
    guard
      hasProgressed || abs(buffered - self.reportedBytes) >= BufferBudget.grain
        || (buffered > 0) != (self.reportedBytes > 0)
    else { return }
    self.reportedBytes = buffered
    budget.report(
      ObjectIdentifier(self), bytes: buffered, stalledSince: self.timer?.stalledSince,
      shed: self.shedFromAnywhere ?? {})
  }

  /// Ends the connection, for which others would have to.
  private func shed() {
    guard !self.isClosing else { return }
    // The budget has forgotten it already.
    self.isShed = true
    self.configuration.onLimitExceeded(.buffered)
    self.session.discardOutbound()
    self.close(.enhanceYourCalm)
  }

  // MARK: Time

  /// Sees to it that the timer fires when the next thing is due, or before.
  private func armTimer(_ context: ChannelHandlerContext) {
    guard let due = self.timer?.next else { return }
    if let timerTask, timerTask.due <= due { return }
    self.timerTask?.task.cancel()
    let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: due) { self.timerFired() }
    self.timerTask = (task, due)
  }

  private func timerFired() {
    self.timerTask = nil
    guard let context, !self.isClosing, let action = self.timer?.expire(at: context.eventLoop.now)
    else { return }
    switch action {
    case .none: break
    case .ping:
      self.session.ping(Self.keepalivePing)
      self.scheduleWrite()
    case .drain:
      self.configuration.onLimitExceeded(.connectionAge)
      self.beginDrain()
    case .end(let limit):
      self.configuration.onLimitExceeded(limit)
      self.close(limit.isBenign ? .noError : .enhanceYourCalm)
      return
    }
    self.armTimer(context)
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
  }

  /// Closes the channel once the socket took everything: a close gives up what still waits.
  private func close(_ context: ChannelHandlerContext) {
    self.isClosing = true
    let channel = context.channel
    let lingers = self.role == .server
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.whenComplete { result in
      guard lingers, case .success = result else {
        channel.close(promise: nil)
        return
      }
      channel.close(mode: .output).whenFailure { _ in channel.close(promise: nil) }
      Self.close(channel, in: Self.lingerTimeout)
    }
    context.writeAndFlush(self.wrapOutboundOut(ByteBuffer()), promise: written)
    // A peer that reads nothing does not keep the socket.
    Self.close(channel, in: Self.lastWriteTimeout)
    // Nothing more is heard of them, whenever the socket goes.
    self.loseStreams()
  }

  private static func close(_ channel: any Channel, in time: TimeAmount) {
    let task = channel.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    channel.closeFuture.whenComplete { _ in task.cancel() }
  }

  /// What a client gets whose connection there is no room for: empty SETTINGS, and a GOAWAY with
  /// ENHANCE_YOUR_CALM that takes no stream. The connection is then closed.
  package static var refusal: ByteBuffer {
    let session = Session(role: .server)
    session.terminate(.enhanceYourCalm)
    var bytes = ByteBuffer()
    _ = session.writePending(into: &bytes, limit: Self.writeSize)
    return bytes
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
