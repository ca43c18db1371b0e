import HTTP2
import NIOCore
import NIOPosix

/// A connection handler behind a real socket.
final class SocketWire: ConformanceWire {
  private let listener: any Channel
  private let client: any Channel
  private var frames: AsyncStream<Frame>.AsyncIterator

  init(configuration: SessionConfiguration) async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    self.listener = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            HTTP2ConnectionHandler.server(configuration: .init(session: configuration)) {
              ConformanceReceiver($0)
            })
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let (frames, source) = AsyncStream.makeStream(of: Frame.self)
    self.frames = frames.makeAsyncIterator()
    guard let address = self.listener.localAddress else { throw ChannelError.unknownLocalAddress }
    self.client = try await ClientBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(FrameReader(source))
        }
      }
      .connect(to: address).get()
  }

  func exchange(_ bytes: ByteBuffer, until ping: Frame) async throws -> ConformanceReply {
    // A server that is already closing does not take all of it; what it said counts.
    self.client.writeAndFlush(bytes, promise: nil)
    var reply = ConformanceReply()
    while let frame = await self.frames.next(isolation: #isolation) {
      reply.frames.append(frame)
      if frame == ping { return reply }
    }
    reply.isClosed = true
    return reply
  }

  func close() async throws {
    self.client.close(promise: nil)
    try await self.client.closeFuture.get()
    try await self.listener.close()
  }
}

/// Answers a request as its path says.
private final class ConformanceReceiver: StreamReceiver {
  private let stream: HTTP2Stream
  private var answer: ConformanceAnswer?

  init(_ stream: HTTP2Stream) {
    self.stream = stream
  }

  func receivedHeaders(_ headers: Headers, endStream: Bool) {
    if self.answer == nil {
      self.answer = ConformanceAnswer(headers)
      if self.answer == .reset { self.stream.reset(.cancel) }
    }
    if endStream { self.receivedEnd() }
  }

  func receivedData(_ data: ByteBuffer) {
    self.stream.consume(data.readableBytes)
  }

  func receivedEnd() {
    switch self.answer {
    case .headers:
      self.stream.sendHeaders(.response, endStream: true)
    case .body:
      self.stream.sendHeaders(.response, endStream: false)
      self.stream.send(ByteBuffer(string: ConformanceAnswer.text), endStream: true)
    case .reset, .nothing, nil:
      break
    }
  }

  func becameWritable() {}

  func streamClosed(_ reason: StreamCloseReason) {}
}

/// Tells whole frames as they come; ends when the server closes.
private final class FrameReader: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let frames: AsyncStream<Frame>.Continuation
  private var unread = ByteBuffer()

  init(_ frames: AsyncStream<Frame>.Continuation) {
    self.frames = frames
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    self.unread.writeImmutableBuffer(self.unwrapInboundIn(data))
    for frame in self.unread.readFrames() { self.frames.yield(frame) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.frames.finish()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
