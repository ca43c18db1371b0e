import HTTP2
import NIOCore
import NIOEmbedded
import Testing

@Suite struct ConnectionDrainTests {
  private let whole: Frame.Flags = [.endHeaders, .endStream]
  private static let everything: UInt32 = 0x7fff_ffff

  private func server() throws -> TestConnection {
    let server = try TestConnection.server()
    try server.readPreface()
    return server
  }

  @Test func `a drain announces, serves what is on its way, and closes after the last stream`()
    throws
  {
    let server = try self.server()
    _ = try server.read(.headers(1, ForeignClient.request, flags: self.whole))
    server.handler.beginDrain()
    server.handler.beginDrain()
    server.run()
    let announcement = try server.frames()
    #expect(announcement.goAways == [.goAway(last: Self.everything, 0)])
    let ping = try #require(announcement.pings.first)
    #expect(announcement.count == 2)
    // Left before the announcement arrived.
    #expect(try server.read(.headers(3, ForeignClient.request, flags: self.whole)) == [])
    #expect(try server.read(.ping(ping.payload, flags: .ack)) == [.goAway(last: 3, 0)])
    // One heard of the end in the midst, the other before anything else.
    #expect(server.accepted.map(\.callsBeforeDrain) == [1, 0])
    // Came too late.
    #expect(try server.read(.headers(5, ForeignClient.request, flags: self.whole)) == [])
    #expect(server.accepted.map(\.stream.id) == [1, 3])
    for receiver in server.accepted {
      #expect(server.channel.isActive)
      receiver.stream.sendHeaders(.response, endStream: false)
      receiver.stream.send(.pattern(100), endStream: true)
      server.run()
      #expect(receiver.calls.last == .closed(.finished))
    }
    #expect(try server.frames().of(type: 0x0).map(\.flags) == [.endStream, .endStream])
    #expect(!server.channel.isActive)
  }

  @Test func `a drained connection without streams closes after one round trip`() throws {
    let server = try self.server()
    server.handler.beginDrain()
    server.run()
    let ping = try #require(try server.frames().pings.first)
    #expect(server.channel.isActive)
    #expect(try server.read(.ping(ping.payload, flags: .ack)) == [.goAway(last: 0, 0)])
    #expect(!server.channel.isActive)
  }

  @Test func `the last response reaches a slow reader before the close`() throws {
    let server = try self.server()
    _ = try server.read(.headers(1, ForeignClient.request, flags: self.whole))
    server.handler.beginDrain()
    server.run()
    let ping = try #require(try server.frames().pings.first)
    _ = try server.read(.ping(ping.payload, flags: .ack))
    let receiver = try #require(server.accepted.first)
    // The handler hands over its bytes, but the socket does not take them yet.
    server.isHoldingWrites = true
    receiver.stream.sendHeaders(.response, endStream: false)
    receiver.stream.send(.pattern(5000), endStream: true)
    server.run()
    #expect(server.channel.isActive)
    server.isHoldingWrites = false
    server.run()
    #expect(try server.frames().of(type: 0x0).map(\.payload.count) == [5000])
    #expect(!server.channel.isActive)
  }

  @Test func `the end of the time ends the connection with its streams`() throws {
    let server = try self.server()
    _ = try server.read(.headers(1, ForeignClient.request, flags: self.whole))
    server.handler.beginDrain()
    server.run()
    _ = try server.frames()
    server.handler.close()
    server.run()
    #expect(try server.frames() == [.goAway(last: 1, 0)])
    #expect(!server.channel.isActive)
    #expect(server.accepted.map(\.calls.last) == [.closed(.connectionLost)])
  }

  @Test func `the end of the time does not wait for a peer that does not read`() throws {
    let server = try self.server()
    _ = try server.read(.headers(1, ForeignClient.request, flags: self.whole))
    server.isStuck = true
    server.handler.beginDrain()
    server.run()
    #expect(server.channel.isActive)
    server.handler.close()
    server.run()
    #expect(!server.channel.isActive)
    #expect(server.accepted.map(\.calls.last) == [.closed(.connectionLost)])
  }

  @Test func `a connection that never said a word can be drained`() throws {
    let server = try TestConnection.server()
    server.handler.beginDrain()
    server.run()
    #expect(try server.frames().goAways == [.goAway(last: Self.everything, 0)])
    server.handler.close()
    server.run()
    #expect(!server.channel.isActive)
  }

  @Test func `a client of a draining server ends the connection by itself`() throws {
    let server = try TestConnection.server()
    let client = try TestConnection.client()
    let receiver = try client.open(endStream: true)
    try TestConnection.exchange(client, server)
    server.handler.beginDrain()
    try TestConnection.exchange(client, server)
    #expect(!client.handler.acceptsNewStreams)
    server.accepted.first?.stream.sendHeaders(.response, endStream: true)
    try TestConnection.exchange(client, server)
    #expect(receiver.calls.last == .closed(.finished))
    #expect(!client.channel.isActive && !server.channel.isActive)
  }
}
