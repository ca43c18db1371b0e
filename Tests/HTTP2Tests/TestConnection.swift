import HTTP2
import NIOCore
import NIOEmbedded
import Testing

/// One end of a connection: the handler in a channel whose socket is the test.
final class TestConnection {
  let channel: EmbeddedChannel
  let handler: HTTP2ConnectionHandler
  /// The receivers of the streams that the peer opened, in order.
  var accepted: [ScriptedReceiver] { self.acceptor.receivers }

  private let acceptor: Acceptor
  private let wire = Wire()

  private final class Acceptor {
    var receivers: [ScriptedReceiver] = []
  }

  private init(
    handler: HTTP2ConnectionHandler, acceptor: Acceptor, connects: Bool
  ) throws {
    self.handler = handler
    self.acceptor = acceptor
    self.channel = EmbeddedChannel()
    try self.channel.pipeline.syncOperations.addHandlers(self.wire, handler)
    if connects { try self.connect() }
  }

  /// A channel holds itself until it is closed, and so do the receivers, each through its stream.
  deinit {
    self.acceptor.receivers = []
    self.channel.close(promise: nil)
    self.channel.embeddedEventLoop.run()
  }

  static func server(
    configuration: ConnectionConfiguration = .defaults, connects: Bool = true,
    script: @escaping ScriptedReceiver.Script = { _, _ in }
  ) throws -> TestConnection {
    let acceptor = Acceptor()
    let handler = HTTP2ConnectionHandler.server(configuration: configuration) { stream in
      let receiver = ScriptedReceiver(stream, script: script)
      acceptor.receivers.append(receiver)
      return receiver
    }
    return try TestConnection(handler: handler, acceptor: acceptor, connects: connects)
  }

  static func client(
    configuration: SessionConfiguration = .defaults, connects: Bool = true
  ) throws -> TestConnection {
    try TestConnection(
      handler: .client(configuration: configuration), acceptor: Acceptor(), connects: connects)
  }

  func connect() throws {
    self.channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    self.channel.embeddedEventLoop.run()
  }

  /// Opens a stream as a client.
  func open(
    _ headers: Headers = .request, endStream: Bool = false,
    script: @escaping ScriptedReceiver.Script = { _, _ in }
  ) throws -> ScriptedReceiver {
    try self.handler.open(headers, endStream: endStream) { ScriptedReceiver($0, script: script) }
  }

  /// Reads these pieces in one read loop, then runs what was scheduled.
  func read(_ pieces: ByteBuffer...) {
    for piece in pieces { self.channel.pipeline.fireChannelRead(piece) }
    self.channel.pipeline.fireChannelReadComplete()
    self.run()
  }

  /// Reads these frames in one read loop and returns what was written in answer.
  func read(_ frames: Frame...) throws -> [Frame] {
    self.read(ByteBuffer(frames: frames))
    return try self.frames()
  }

  /// Reads the preface of a client made by hand, and forgets the answer.
  func readPreface() throws {
    var bytes = ByteBuffer(string: Frame.magic)
    bytes.write(.settings([:]))
    bytes.write(.settingsAck)
    self.read(bytes)
    _ = try self.bytes()
  }

  func run() {
    self.channel.embeddedEventLoop.run()
  }

  /// What was written and flushed since the last look.
  func bytes() throws -> ByteBuffer {
    var sum = ByteBuffer()
    while let bytes = try self.channel.readOutbound(as: ByteBuffer.self) {
      sum.writeImmutableBuffer(bytes)
    }
    return sum
  }

  /// The same, as frames.
  func frames() throws -> [Frame] {
    var bytes = try self.bytes()
    let frames = bytes.readFrames()
    #expect(bytes.readableBytes == 0)
    return frames
  }

  /// How often the handler has flushed since the last look.
  func takeFlushCount() -> Int {
    defer { self.wire.flushes = 0 }
    return self.wire.flushes
  }

  /// Whether the handler's writes are held back like those of a socket whose peer does not read;
  /// they are done once it is false again.
  var isStuck: Bool {
    get { self.wire.isStuck }
    set {
      self.wire.isStuck = newValue
      self.channel.isWritable = !newValue
      if !newValue { self.wire.release() }
      self.channel.pipeline.fireChannelWritabilityChanged()
      self.run()
    }
  }

  /// The same while the channel still says that it is writable.
  var isHoldingWrites: Bool {
    get { self.wire.isStuck }
    set {
      self.wire.isStuck = newValue
      if !newValue { self.wire.release() }
    }
  }

  func lose() throws {
    self.channel.close(promise: nil)
    self.run()
  }

  /// Carries bytes between two connections until neither has any.
  static func exchange(_ one: TestConnection, _ other: TestConnection) throws {
    var carried = 1
    while carried > 0 {
      carried = 0
      for (sender, receiver) in [(one, other), (other, one)] {
        sender.run()
        let bytes = try sender.bytes()
        carried += bytes.readableBytes
        if bytes.readableBytes > 0, receiver.channel.isActive { receiver.read(bytes) }
      }
    }
  }
}

/// The place of the socket: counts flushes, and can be stuck.
private final class Wire: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  var flushes = 0
  var isStuck = false
  private var held: [(NIOAny, EventLoopPromise<Void>?)] = []
  private var context: ChannelHandlerContext?

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if self.isStuck {
      self.held.append((data, promise))
    } else {
      context.write(data, promise: promise)
    }
  }

  func flush(context: ChannelHandlerContext) {
    self.flushes += 1
    if !self.isStuck { context.flush() }
  }

  func close(
    context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?
  ) {
    // As a socket does: what it has not taken is lost.
    for (_, promise) in self.held { promise?.fail(ChannelError.ioOnClosedChannel) }
    self.held = []
    context.close(mode: mode, promise: promise)
  }

  func release() {
    for (data, promise) in self.held { self.context?.write(data, promise: promise) }
    self.held = []
    self.context?.flush()
  }
}
