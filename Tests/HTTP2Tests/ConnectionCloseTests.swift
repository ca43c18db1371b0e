import HTTP2
import NIOCore
import NIOEmbedded
import Testing

/// How connections end, and that every stream hears of its end once and last. (That nothing comes
/// after it is checked by `ScriptedReceiver`.)
@Suite struct ConnectionCloseTests {
  private let whole: Frame.Flags = [.endHeaders, .endStream]
  private let noNewStreams = SessionError(code: .noNewStreams)

  enum Ending: CaseIterable {
    case finished, resetByPeer, resetByUs, connectionLost, channelError

    var reason: StreamCloseReason {
      switch self {
      case .finished: .finished
      case .resetByPeer: .reset(.cancel)
      case .resetByUs: .reset(.enhanceYourCalm)
      case .connectionLost, .channelError: .connectionLost
      }
    }
  }

  @Test(arguments: Ending.allCases)
  func `a stream hears of its end once`(ending: Ending) throws {
    let server = try TestConnection.server()
    let client = try TestConnection.client()
    let other = try client.open()
    try TestConnection.exchange(client, server)
    let receiver = try #require(server.accepted.first)
    switch ending {
    case .finished:
      receiver.stream.sendHeaders(.response, endStream: true)
      other.stream.send(.empty, endStream: true)
    case .resetByPeer: other.stream.reset(.cancel)
    case .resetByUs: receiver.stream.reset(.enhanceYourCalm)
    case .connectionLost: try server.lose()
    case .channelError: server.channel.pipeline.fireErrorCaught(ChannelError.ioOnClosedChannel)
    }
    try TestConnection.exchange(client, server)
    #expect(receiver.calls.last == .closed(ending.reason))
    #expect(server.handler.openStreams == 0)
    // Nothing that it does now has an effect.
    #expect(!receiver.stream.isOpen)
    receiver.stream.sendHeaders(.response, endStream: true)
    #expect(!receiver.stream.send(.pattern(1), endStream: true))
    receiver.stream.reset(.cancel)
    receiver.stream.consume(1)
    server.run()
    #expect(try server.bytes().readableBytes == 0)
    try client.lose()
    #expect(other.calls.count { if case .closed = $0 { true } else { false } } == 1)
  }

  @Test func `a request that never left can be sent again`() throws {
    let client = try TestConnection.client()
    client.isStuck = true
    let receiver = try client.open(endStream: true)
    client.run()
    try client.lose()
    #expect(receiver.calls == [.closed(.reset(.refusedStream))])
  }

  @Test func `a lost connection takes no stream, not even from one that it lost`() throws {
    let client = try TestConnection.client()
    var attempts: [SessionError] = []
    let receiver = try client.open { _, call in
      guard case .closed = call else { return }
      do throws(SessionError) {
        _ = try client.handler.open(.request, endStream: true) { ScriptedReceiver($0) }
        Issue.record("a stream on a lost connection")
      } catch {
        attempts.append(error)
      }
    }
    client.run()
    try client.lose()
    #expect(receiver.calls == [.closed(.connectionLost)])
    #expect(attempts == [self.noNewStreams])
    #expect(!client.handler.acceptsNewStreams)
    #expect(client.handler.openStreams == 0)
  }

  @Test func `a closed connection says GOAWAY and loses its streams`() throws {
    let server = try TestConnection.server()
    try server.readPreface()
    _ = try server.read(.headers(1, ForeignClient.request, flags: .endHeaders))
    server.handler.close()
    server.run()
    #expect(try server.frames() == [.goAway(last: 1, 0)])
    #expect(!server.channel.isActive)
    #expect(server.accepted.map(\.calls.last) == [.closed(.connectionLost)])
  }

  @Test func `garbage ends with GOAWAY and the end of the connection`() throws {
    let server = try TestConnection.server()
    try server.readPreface()
    _ = try server.read(.headers(1, ForeignClient.request, flags: .endHeaders))
    let answer = try server.read(.data(7, [1, 2, 3]))
    #expect(answer.goAways.map(\.code) == [0x1])
    #expect(!server.channel.isActive)
    #expect(server.accepted.map(\.calls.last) == [.closed(.connectionLost)])
    #expect(try server.read(.ping([UInt8](repeating: 0, count: 8))) == [])
  }

  @Test func `a flood of pings ends with ENHANCE_YOUR_CALM`() throws {
    let server = try TestConnection.server()
    try server.readPreface()
    let flood = [Frame](repeating: .ping([UInt8](repeating: 0, count: 8)), count: 3000)
    server.read(ByteBuffer(frames: flood))
    #expect(try server.frames().goAways.map(\.code) == [0xb])
    #expect(!server.channel.isActive)
  }

  @Test func `a flood that the peer does not read ends the connection too`() throws {
    let server = try TestConnection.server()
    try server.readPreface()
    server.channel.isWritable = false
    for _ in 0..<3000 where server.channel.isActive {
      server.read(ByteBuffer(frames: [.ping([UInt8](repeating: 0, count: 8))]))
    }
    #expect(try server.frames().goAways.map(\.code) == [0xb])
    #expect(!server.channel.isActive)
  }

  @Test func `no stream is opened after the server says GOAWAY`() throws {
    let client = try TestConnection.client()
    let receiver = try client.open()
    client.run()
    client.read(ByteBuffer(frames: [.settings([:]), .goAway(last: 0x7fff_ffff, 0)]))
    #expect(!client.handler.acceptsNewStreams)
    #expect(throws: self.noNewStreams) { try client.open() }
    #expect(receiver.calls == [])
    client.read(
      ByteBuffer(frames: [.headers(1, [(":status", "200")], flags: self.whole)]))
    receiver.stream.send(.empty, endStream: true)
    client.run()
    #expect(receiver.calls.last == .closed(.finished))
    #expect(!client.channel.isActive)
  }

  @Test func `streams above the last that GOAWAY names are refused`() throws {
    let client = try TestConnection.client()
    let receivers = [try client.open(), try client.open()]
    client.run()
    client.read(ByteBuffer(frames: [.settings([:]), .goAway(last: 1, 0)]))
    #expect(receivers.map(\.calls) == [[], [.closed(.reset(.refusedStream))]])
  }

  @Test func `a stream closed by us gives back what still comes for it`() throws {
    var configuration = SessionConfiguration.defaults
    configuration.connectionWindow = 70_000
    let server = try TestConnection.server(
      configuration: ConnectionConfiguration(session: configuration)
    ) { stream, call in
      guard case .headers = call else { return }
      stream.reset(.cancel)
    }
    try server.readPreface()
    var returned = 0
    for stream in stride(from: UInt32(1), to: 21, by: 2) {
      let pieces = [Frame](
        repeating: .data(stream, [UInt8](repeating: 0, count: 10_000)), count: 3)
      server.read(
        ByteBuffer(frames: [.headers(stream, ForeignClient.request, flags: .endHeaders)] + pieces))
      server.read(ByteBuffer(frames: pieces))
      // The receiver gives back what it was handed before its reset went out.
      if let receiver = server.accepted.last { receiver.stream.consume(receiver.dataCount) }
      server.run()
      let answer = try server.frames()
      #expect(answer.goAways == [])
      returned += answer.windowUpdates.filter { $0.stream == 0 }.reduce(0) { $0 + Int($1.last) }
    }
    #expect(returned > 600_000 - 70_000)
  }
}
