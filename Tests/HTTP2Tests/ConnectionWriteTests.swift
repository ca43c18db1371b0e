import HTTP2
import NIOCore
import NIOEmbedded
import Testing

/// When and how often the handler writes.
@Suite struct ConnectionWriteTests {
  private let whole: Frame.Flags = [.endHeaders, .endStream]

  @Test func `a client writes its preface when the channel becomes active`() throws {
    let client = try TestConnection.client(connects: false)
    #expect(try client.bytes() == ByteBuffer())
    try client.connect()
    var bytes = try client.bytes()
    #expect(bytes.readString(length: Frame.magic.utf8.count) == Frame.magic)
    #expect(bytes.readFrames().map(\.type) == [0x4, 0x8])
    #expect(client.takeFlushCount() == 1)
  }

  @Test func `a handler added to an active channel writes its preface`() throws {
    let channel = EmbeddedChannel()
    defer {
      channel.close(promise: nil)
      channel.embeddedEventLoop.run()
    }
    channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    try channel.pipeline.syncOperations.addHandler(HTTP2ConnectionHandler.client())
    var bytes = try #require(try channel.readOutbound(as: ByteBuffer.self))
    #expect(bytes.readString(length: Frame.magic.utf8.count) == Frame.magic)
  }

  @Test func `a stream opened before the channel is active waits for it`() throws {
    let client = try TestConnection.client(connects: false)
    let receiver = try client.open(endStream: true)
    client.run()
    #expect(try client.bytes() == ByteBuffer())
    try client.connect()
    var bytes = try client.bytes()
    #expect(bytes.readString(length: Frame.magic.utf8.count) == Frame.magic)
    #expect(bytes.readFrames().map(\.type) == [0x4, 0x8, 0x1])
    #expect(receiver.calls == [])
  }

  @Test func `a server's preface is the first thing it says to a client`() throws {
    let server = try TestConnection.server()
    var bytes = ByteBuffer(string: Frame.magic)
    bytes.write(.settings([:]))
    server.read(bytes)
    let preface = try server.frames()
    #expect(preface.map(\.type).sorted() == [0x4, 0x4, 0x8])
    #expect(preface.first?.type == 0x4 && preface.first?.flags == [])
  }

  @Test func `HTTP/1 gets an answer that HTTP/1 can read`() throws {
    let server = try TestConnection.server()
    server.read(ByteBuffer(string: "GET / HTTP/1.1\r\nhost: example.test\r\n\r\n"))
    let answer = String(buffer: try server.bytes())
    let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1)
    try #require(parts.count == 2)
    #expect(parts[0].hasPrefix("HTTP/1.1 505 "))
    #expect(parts[0].contains("content-length: \(parts[1].utf8.count)\r\n"))
    #expect(parts[1].contains("--http2-prior-knowledge"))
    #expect(!server.channel.isActive)
    #expect(server.accepted.isEmpty)
  }

  @Test func `a read loop of many reads is flushed once`() throws {
    let server = try TestConnection.server { stream, call in
      guard case .headers = call else { return }
      stream.sendHeaders(.response, endStream: false)
      stream.send(.pattern(100), endStream: true)
    }
    try server.readPreface()
    _ = server.takeFlushCount()
    server.read(
      ByteBuffer(frames: [.headers(1, ForeignClient.request, flags: self.whole)]),
      ByteBuffer(frames: [.headers(3, ForeignClient.request, flags: self.whole)]),
      ByteBuffer(frames: [.headers(5, ForeignClient.request, flags: self.whole)]))
    #expect(server.takeFlushCount() == 1)
    #expect(try server.frames().of(type: 0x0).map(\.stream) == [1, 3, 5])
    #expect(
      server.accepted.map(\.calls.last) == [
        .closed(.finished), .closed(.finished), .closed(.finished),
      ])
  }

  @Test func `what is sent outside the read loop is written together at the end of the turn`()
    throws
  {
    let server = try TestConnection.server()
    try server.readPreface()
    _ = try server.read(
      .headers(1, ForeignClient.request, flags: self.whole),
      .headers(3, ForeignClient.request, flags: self.whole))
    _ = server.takeFlushCount()
    for receiver in server.accepted {
      receiver.stream.sendHeaders(.response, endStream: false)
      receiver.stream.send(.pattern(10), endStream: false)
      receiver.stream.send(.pattern(10), endStream: true)
    }
    #expect(try server.frames() == [])
    server.run()
    #expect(server.takeFlushCount() == 1)
    #expect(try server.frames().of(type: 0x0).map(\.payload.count) == [20, 20])
  }

  @Test func `a write scheduled before a read loop is not lost in it`() throws {
    let server = try TestConnection.server()
    try server.readPreface()
    _ = try server.read(.headers(1, ForeignClient.request, flags: self.whole))
    let stream = try #require(server.accepted.first).stream
    stream.sendHeaders(.response, endStream: false)
    server.channel.pipeline.fireChannelRead(
      ByteBuffer(frames: [.ping([UInt8](repeating: 7, count: 8))]))
    stream.send(.pattern(10), endStream: true)
    server.channel.pipeline.fireChannelReadComplete()
    #expect(try server.frames().map(\.type) == [0x6, 0x1, 0x0])
    server.run()
    #expect(try server.frames() == [])
    // And nothing stands in the way of the next one.
    _ = try server.read(.headers(3, ForeignClient.request, flags: self.whole))
    server.accepted.last?.stream.sendHeaders(.response, endStream: true)
    server.run()
    #expect(try server.frames().map(\.type) == [0x1])
  }

  @Test func `nothing is written while the channel is not writable`() throws {
    let server = try TestConnection.server()
    try server.readPreface()
    _ = try server.read(.headers(1, ForeignClient.request, flags: self.whole))
    server.channel.isWritable = false
    let receiver = try #require(server.accepted.first)
    receiver.stream.sendHeaders(.response, endStream: false)
    receiver.stream.send(.pattern(10), endStream: true)
    server.run()
    #expect(try server.read(.ping([UInt8](repeating: 7, count: 8))) == [])
    server.channel.isWritable = true
    server.channel.pipeline.fireChannelWritabilityChanged()
    #expect(try server.frames().map(\.type) == [0x6, 0x1, 0x0])
    #expect(receiver.calls.last == .closed(.finished))
  }

  @Test func `a producer that goes on when told to delivers everything`() throws {
    let body = ByteBuffer.pattern(1 << 20)
    var rest = body
    func produce(_ stream: HTTP2Stream) {
      while rest.readableBytes > 0 {
        let piece = rest.readUpTo(20_000)
        if !stream.send(piece, endStream: rest.readableBytes == 0) { return }
      }
    }
    let server = try TestConnection.server { stream, call in
      switch call {
      case .headers:
        stream.sendHeaders(.response, endStream: false)
        produce(stream)
      case .writable: produce(stream)
      case .data, .end, .closed: break
      }
    }
    let client = try TestConnection.client()
    let receiver = try client.open(endStream: true) { stream, call in
      if case .data(let bytes) = call { stream.consume(bytes.readableBytes) }
    }
    try TestConnection.exchange(client, server)
    var received = ByteBuffer()
    for case .data(let bytes) in receiver.calls { received.writeImmutableBuffer(bytes) }
    #expect(received == body)
    #expect(receiver.calls.suffix(2) == [.end, .closed(.finished)])
  }
}
