import HTTP2
import NIOCore
import NIOEmbedded
import Testing

/// What connections hold for peers that do not read, or do not finish.
@Suite struct BufferTests {
  private let whole: Frame.Flags = [.endHeaders, .endStream]

  private final class Recorder {
    var limits: [ConnectionLimit] = []
  }

  /// A server whose client has a window of nothing, and an open stream with a begun response.
  private func server(_ configuration: ConnectionConfiguration) throws -> TestConnection {
    let server = try TestConnection.server(configuration: configuration)
    try server.readPreface()
    _ = try server.read(
      .settings([4: 0]), .headers(1, ForeignClient.request, flags: self.whole))
    server.accepted.first?.stream.sendHeaders(.response, endStream: false)
    server.run()
    return server
  }

  private func send(_ count: Int, _ server: TestConnection) throws {
    let stream = try #require(server.accepted.first?.stream)
    stream.send(.pattern(count), endStream: false)
    server.run()
  }

  @Test func `a connection says when no more may wait on it`() throws {
    var configuration = ConnectionConfiguration.defaults
    configuration.maxBufferedBytes = 1_000
    let server = try self.server(configuration)
    let stream = try #require(server.accepted.first?.stream)
    // What is larger than the limit could otherwise never be sent.
    #expect(stream.mayBuffer(5_000))
    try self.send(600, server)
    #expect(stream.mayBuffer(400))
    #expect(!stream.mayBuffer(401))
    stream.hold(400)
    #expect(!stream.mayBuffer(1))
    stream.hold(-400)
    _ = try server.read(.windowUpdate(1, 600))
    #expect(stream.mayBuffer(5_000))
  }

  @Test func `the budget counts what waits, and forgets what has left or is lost`() throws {
    var configuration = ConnectionConfiguration.defaults
    let budget = BufferBudget(limit: 1 << 20)
    configuration.budget = budget
    let (one, other) = (try self.server(configuration), try self.server(configuration))
    try self.send(100_000, one)
    try self.send(50_000, other)
    #expect(budget.total == 150_000)
    _ = try one.read(.windowUpdate(1, 65_000))
    #expect(budget.total == 150_000 - 65_000)
    try other.lose()
    #expect(budget.total == 35_000)
    _ = try one.read(.reset(1, 8))
    #expect(budget.total == 0)
  }

  @Test func `over the budget those are ended that have taken nothing for longest`() throws {
    let recorder = Recorder()
    var configuration = ConnectionConfiguration.defaults
    let budget = BufferBudget(limit: 100_000)
    configuration.budget = budget
    configuration.onLimitExceeded = { recorder.limits.append($0) }
    let servers = try (0..<4).map { _ in try self.server(configuration) }
    // Each a second after the one before; all clocks are at the same time.
    for (index, bytes) in [20_000, 10_000, 60_000, 45_000].enumerated() {
      for server in servers {
        server.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
      }
      // The first has just taken something.
      if index == 3 { _ = try servers[0].read(.windowUpdate(1, 1)) }
      if index < 3 { #expect(recorder.limits == []) }
      try self.send(bytes, servers[index])
    }
    for server in servers { server.run() }
    #expect(servers.map(\.channel.isActive) == [true, false, false, true])
    #expect(try servers[2].frames().goAways.map(\.code) == [0xb])
    #expect(servers[1].accepted.first?.calls.last == .closed(.connectionLost))
    #expect(recorder.limits == [.buffered, .buffered])
    #expect(budget.total == 64_999)
  }
}
