import HTTP2
import NIOCore
import NIOEmbedded
import Testing

/// What time does to a connection, with the event loop's clock in the test's hand.
@Suite struct ConnectionTimeoutTests {
  private static let calm: UInt32 = 0xb
  private let whole: Frame.Flags = [.endHeaders, .endStream]

  private final class Recorder {
    var limits: [ConnectionLimit] = []
  }

  private let recorder = Recorder()

  private func server(
    greets: Bool = true, _ change: (inout ConnectionTimeouts) -> Void
  ) throws -> TestConnection {
    var configuration = ConnectionConfiguration.defaults
    change(&configuration.timeouts)
    configuration.onLimitExceeded = { [recorder] in recorder.limits.append($0) }
    let server = try TestConnection.server(configuration: configuration)
    if greets { try server.readPreface() }
    return server
  }

  private func pass(_ time: TimeAmount, _ server: TestConnection) {
    server.channel.embeddedEventLoop.advanceTime(by: time)
  }

  @Test(arguments: ["", "PRI * HTTP/2.0\r\n\r\n", Frame.magic])
  func `a peer that does not finish its preface is ended`(sent: String) throws {
    let server = try self.server(greets: false) { $0.handshake = .seconds(10) }
    self.pass(.seconds(9), server)
    server.read(ByteBuffer(string: sent))
    self.pass(.milliseconds(999), server)
    #expect(server.channel.isActive)
    self.pass(.milliseconds(1), server)
    #expect(try server.frames().goAways.map(\.code) == [Self.calm])
    #expect(!server.channel.isActive)
    #expect(self.recorder.limits == [.handshakeTimeout])
  }

  @Test func `one that has finished it is not`() throws {
    let server = try self.server { $0.handshake = .seconds(10) }
    self.pass(.hours(1), server)
    #expect(server.channel.isActive)
  }

  @Test func `a header block must end in time, also when its bytes keep coming`() throws {
    let server = try self.server { $0.header = .seconds(10) }
    var bytes = ByteBuffer(frames: [.headers(1, ForeignClient.request, flags: [])])
    bytes.write(.continuation(1, [("a", "b")], flags: []))
    // A byte a second; the last of them has not come when the time is over.
    for count in 0..<10 {
      #expect(server.channel.isActive, "after \(count) s")
      server.read(bytes.readUpTo(1))
      self.pass(.seconds(1), server)
    }
    #expect(try server.frames().goAways.map(\.code) == [Self.calm])
    #expect(!server.channel.isActive)
    #expect(self.recorder.limits == [.headerTimeout])
  }

  @Test func `header blocks one after the other each have their time`() throws {
    let server = try self.server { $0.header = .seconds(10) }
    for stream in [1, 3, 5, 7] as [UInt32] {
      _ = try server.read(.headers(stream, ForeignClient.request, flags: .endStream))
      self.pass(.seconds(9), server)
      _ = try server.read(.continuation(stream, [], flags: .endHeaders))
    }
    self.pass(.seconds(30), server)
    #expect(server.channel.isActive)
    #expect(server.accepted.count == 4)
  }

  @Test func `a peer whose every read ends inside another block keeps nobody waiting`() throws {
    let server = try self.server { $0.header = .seconds(10) }
    for stream in [1, 3, 5, 7, 9] as [UInt32] {
      // The end of one block and the beginning of the next.
      let end = stream == 1 ? [] : [Frame.continuation(stream - 2, [], flags: .endHeaders)]
      server.read(
        ByteBuffer(frames: end + [.headers(stream, ForeignClient.request, flags: .endStream)]))
      self.pass(.seconds(9), server)
    }
    #expect(server.channel.isActive)
  }

  @Test func `a connection without a stream is ended after its time, in peace`() throws {
    let server = try self.server { $0.idle = .seconds(60) }
    self.pass(.seconds(59), server)
    _ = try server.read(.headers(1, ForeignClient.request, flags: self.whole))
    self.pass(.seconds(600), server)
    #expect(server.channel.isActive)
    server.accepted.first?.stream.sendHeaders(.response, endStream: true)
    server.run()
    _ = try server.frames()
    self.pass(.milliseconds(59_999), server)
    // A ping is no call.
    _ = try server.read(.ping([0, 0, 0, 0, 0, 0, 0, 0]))
    #expect(server.channel.isActive)
    self.pass(.milliseconds(1), server)
    #expect(try server.frames() == [.goAway(last: 1, 0)])
    #expect(!server.channel.isActive)
    #expect(self.recorder.limits == [.idleTimeout])
  }

  @Test func `a silent peer is pinged, and is gone when it does not answer`() throws {
    let server = try self.server {
      $0.keepaliveInterval = .seconds(60)
      $0.keepaliveTimeout = .seconds(20)
    }
    self.pass(.seconds(60), server)
    let ping = try #require(try server.frames().pings.first)
    self.pass(.seconds(19), server)
    #expect(try server.read(.ping(ping.payload, flags: .ack)) == [])
    self.pass(.milliseconds(59_999), server)
    #expect(try server.frames() == [])
    self.pass(.milliseconds(1), server)
    #expect(try server.frames().pings.count == 1)
    self.pass(.seconds(20), server)
    #expect(!server.channel.isActive)
    #expect(self.recorder.limits == [.keepaliveTimeout])
  }

  @Test func `an answered keep-alive does not finish a drain's round trip`() throws {
    let server = try self.server { $0.keepaliveInterval = .seconds(60) }
    self.pass(.seconds(60), server)
    let keepalive = try #require(try server.frames().pings.first)
    server.handler.beginDrain()
    server.run()
    let drain = try #require(try server.frames().pings.first)
    #expect(try server.read(.ping(keepalive.payload, flags: .ack)) == [])
    #expect(try server.read(.ping(drain.payload, flags: .ack)).goAways.count == 1)
  }

  @Test func `a response that nobody reads ends the connection`() throws {
    let server = try self.server { $0.writeStall = .seconds(20) }
    _ = try server.read(
      .settings([4: 0]), .headers(1, ForeignClient.request, flags: self.whole))
    let stream = try #require(server.accepted.first?.stream)
    stream.sendHeaders(.response, endStream: false)
    stream.send(.pattern(100), endStream: true)
    server.run()
    self.pass(.milliseconds(19_999), server)
    // Something left: the time begins anew.
    #expect(try server.read(.windowUpdate(1, 10)).of(type: 0x0).map(\.payload.count) == [10])
    self.pass(.milliseconds(19_999), server)
    #expect(server.channel.isActive)
    self.pass(.milliseconds(1), server)
    #expect(try server.frames().goAways.map(\.code) == [Self.calm])
    #expect(!server.channel.isActive)
    #expect(self.recorder.limits == [.writeStallTimeout])
  }

  @Test func `a peer whose socket takes nothing is cut off`() throws {
    let server = try self.server { $0.writeStall = .seconds(20) }
    server.isStuck = true
    _ = try server.read(.headers(1, ForeignClient.request, flags: self.whole))
    server.accepted.first?.stream.sendHeaders(.response, endStream: true)
    server.run()
    self.pass(.seconds(20), server)
    #expect(!server.channel.isActive)
    #expect(self.recorder.limits == [.writeStallTimeout])
  }

  @Test func `a response that waits for its handler stalls nothing`() throws {
    let server = try self.server { $0.writeStall = .seconds(20) }
    _ = try server.read(.headers(1, ForeignClient.request, flags: self.whole))
    server.accepted.first?.stream.sendHeaders(.response, endStream: false)
    server.run()
    self.pass(.hours(1), server)
    #expect(server.channel.isActive)
  }

  @Test func `an old connection is drained, and ended after the grace`() throws {
    let server = try self.server {
      $0.maxAge = .hours(1)
      $0.maxAgeGrace = .seconds(120)
    }
    self.pass(.minutes(53), server)
    _ = try server.read(.headers(1, ForeignClient.request, flags: self.whole))
    #expect(try server.frames() == [])
    var announcement: [Frame] = []
    for _ in 0..<420 where announcement.isEmpty {
      self.pass(.seconds(1), server)
      announcement = try server.frames()
    }
    #expect(announcement.goAways == [.goAway(last: 0x7fff_ffff, 0)])
    let ping = try #require(announcement.pings.first)
    #expect(try server.read(.ping(ping.payload, flags: .ack)) == [.goAway(last: 1, 0)])
    #expect(server.channel.isActive)
    self.pass(.seconds(120), server)
    #expect(!server.channel.isActive)
    #expect(server.accepted.first?.calls.last == .closed(.connectionLost))
    #expect(self.recorder.limits == [.connectionAge, .connectionAge])
  }

  @Test func `no timer outlives the connection`() throws {
    let server = try self.server {
      $0.idle = .seconds(60)
      $0.keepaliveInterval = .seconds(10)
    }
    try server.lose()
    self.pass(.hours(1), server)
    #expect(self.recorder.limits == [])
  }
}
