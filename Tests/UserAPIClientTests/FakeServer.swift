import HTTP2
import NIOCore
import NIOPosix
import NIOConcurrencyHelpers

/// A server on a real socket that answers as a test's script says. It speaks HTTP/2 by the
/// project's own handler, and everything above it by the bytes that the script writes.
final class FakeServer: Sendable {
  enum Event: Sendable, Equatable {
    case connected
    /// A request has come whole.
    case request(path: String)
    case streamClosed(StreamCloseReason)
    case disconnected
  }

  /// What happened, in order.
  let events: AsyncStream<Event>
  private let eventSource: AsyncStream<Event>.Continuation
  private let configuration: SessionConfiguration
  private let script: @Sendable (FakeCall) -> Void
  private let listener: NIOLockedValueBox<(any Channel)?> = NIOLockedValueBox(nil)
  private let connections = NIOLockedValueBox<[any Channel]>([])

  private init(
    configuration: SessionConfiguration, script: @escaping @Sendable (FakeCall) -> Void
  ) {
    self.configuration = configuration
    self.script = script
    (self.events, self.eventSource) = AsyncStream.makeStream()
  }

  /// Runs a server on a port of its own for as long as `body` takes.
  static func with<Value>(
    configuration: SessionConfiguration = .defaults,
    _ script: @escaping @Sendable (FakeCall) -> Void,
    _ body: (FakeServer) async throws -> Value
  ) async throws -> Value {
    let server = FakeServer(configuration: configuration, script: script)
    try await server.listen()
    do {
      let value = try await body(server)
      await server.stop()
      return value
    } catch {
      await server.stop()
      throw error
    }
  }

  var port: Int {
    self.listener.withLockedValue { $0?.localAddress?.port ?? 0 }
  }

  var url: String { "http://127.0.0.1:\(self.port)" }

  /// Lets all connections go, as a server does that dies.
  func dropConnections() async {
    for connection in self.connections.withLockedValue({ $0 }) {
      try? await connection.close()
    }
  }

  fileprivate var newestConnection: (any Channel)? {
    self.connections.withLockedValue { $0.last }
  }

  /// Writes bytes to the newest connection, past its HTTP/2 handler.
  func writeRaw(_ bytes: [UInt8]) async throws {
    try await self.newestConnection?.writeAndFlush(ByteBuffer(bytes: bytes))
  }

  /// Everything that happened, once the server is stopped.
  var history: [Event] {
    get async {
      var history: [Event] = []
      for await event in self.events { history.append(event) }
      return history
    }
  }

  func stop() async {
    let listener = self.listener.withLockedValue { $0 }
    try? await listener?.close()
    await self.dropConnections()
    self.eventSource.finish()
  }

  private func listen() async throws {
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          self.connections.withLockedValue { $0.append(channel) }
          self.eventSource.yield(.connected)
          channel.closeFuture.whenComplete { _ in self.eventSource.yield(.disconnected) }
          try channel.pipeline.syncOperations.addHandler(
            HTTP2ConnectionHandler.server(
              configuration: ConnectionConfiguration(session: self.configuration)
            ) { stream in
              FakeCallReceiver(stream: stream, server: self)
            })
        }
      }
    let listener = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
    self.listener.withLockedValue { $0 = listener }
  }

  fileprivate func run(_ call: FakeCall) {
    self.eventSource.yield(.request(path: call.path))
    self.script(call)
  }

  fileprivate func streamClosed(_ reason: StreamCloseReason) {
    self.eventSource.yield(.streamClosed(reason))
  }
}

/// A request as it came, and the way to answer it.
struct FakeCall: Sendable {
  let headers: Headers
  let body: [UInt8]
  /// How many streams the client opened on the connection before.
  let number: Int
  let eventLoop: any EventLoop
  let stream: NIOLoopBound<HTTP2Stream>
  fileprivate let server: FakeServer
  fileprivate let receiver: NIOLoopBound<FakeCallReceiver>

  var path: String { self.header(":path") ?? "" }

  func header(_ name: String) -> String? { self.headers[name] }

  func respond(
    status: Int = 200, contentType: String? = "application/user-api+json", endStream: Bool = false
  ) {
    var headers = Headers()
    headers.append(":status", String(status))
    if let contentType { headers.append("content-type", contentType) }
    self.stream.value.sendHeaders(headers, endStream: endStream)
  }

  @discardableResult
  func send(_ bytes: [UInt8], endStream: Bool = false) -> Bool {
    self.stream.value.send(ByteBuffer(bytes: bytes), endStream: endStream)
  }

  /// Answers with one message and the end.
  func reply(_ json: String) {
    self.respond()
    self.send(envelope(json) + end, endStream: true)
  }

  func reset(_ code: HTTP2.ErrorCode) {
    self.stream.value.reset(code)
  }

  /// Runs `body` in a later turn of the event loop.
  func later(_ body: @escaping @Sendable () -> Void) {
    self.eventLoop.execute(body)
  }

  /// Writes bytes past the HTTP/2 handler.
  func writeRaw(_ bytes: [UInt8]) {
    self.server.newestConnection?.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
  }

  /// Closes the connection at once.
  func close() {
    self.server.newestConnection?.close(promise: nil)
  }

  func whenWritable(_ body: @escaping () -> Void) {
    self.receiver.value.onWritable = body
  }
}

private final class FakeCallReceiver: StreamReceiver {
  private let stream: HTTP2Stream
  private let server: FakeServer
  private var headers = Headers()
  private var body: [UInt8] = []
  var onWritable: () -> Void = {}

  init(stream: HTTP2Stream, server: FakeServer) {
    self.stream = stream
    self.server = server
  }

  func receivedHeaders(_ headers: Headers, endStream: Bool) {
    self.headers = headers
    if endStream { self.receivedEnd() }
  }

  func receivedData(_ data: ByteBuffer) {
    self.body += Array(buffer: data)
    self.stream.consume(data.readableBytes)
  }

  func receivedEnd() {
    let loop = self.stream.eventLoop
    self.server.run(
      FakeCall(
        headers: self.headers, body: self.body, number: Int(self.stream.id.rawValue - 1) / 2,
        eventLoop: loop, stream: NIOLoopBound(self.stream, eventLoop: loop), server: self.server,
        receiver: NIOLoopBound(self, eventLoop: loop)))
  }

  func becameWritable() {
    self.onWritable()
  }

  func streamClosed(_ reason: StreamCloseReason) {
    self.onWritable = {}
    self.server.streamClosed(reason)
  }
}

/// Flags, length, JSON: written out here, so that the project's own framing is checked against it.
func envelope(_ json: String, flags: UInt8 = 0) -> [UInt8] {
  let payload = Array(json.utf8)
  let length = (0..<4).map { UInt8(truncatingIfNeeded: payload.count >> (24 - 8 * $0)) }
  return [flags] + length + payload
}

let end = envelope("{}", flags: 2)
