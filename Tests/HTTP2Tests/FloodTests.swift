import HTTP2
import NIOCore
import NIOEmbedded
import Testing

/// Frames that cost a peer little: so many are borne, one more ends the connection.
@Suite struct FloodTests {
  private static let burst = 5
  private static let calm: UInt32 = 0xb
  private static let whole: Frame.Flags = [.endHeaders, .endStream]

  struct Flood: Sendable, CustomTestStringConvertible {
    let limit: ConnectionLimit
    /// One step of it, by its number.
    let frames: @Sendable (Int) -> [Frame]
    /// How many frames of the kind the preface had already.
    var before = 0

    var testDescription: String { self.limit.rawValue }
  }

  private static func stream(_ step: Int) -> UInt32 { UInt32(step) * 2 + 1 }

  static let floods: [Flood] = [
    Flood(limit: .pings) { _ in [.ping([0, 0, 0, 0, 0, 0, 0, 0])] },
    Flood(limit: .pings) { _ in [.ping([0, 0, 0, 0, 0, 0, 0, 9], flags: .ack)] },
    // The preface has SETTINGS and an acknowledgement.
    Flood(limit: .settings, frames: { _ in [.settings([:])] }, before: 2),
    Flood(limit: .priorities) { _ in
      [Frame(type: 0x2, stream: 9, payload: [0, 0, 0, 0, 1])]
    },
    Flood(limit: .windowUpdates) { _ in [.windowUpdate(0, 1)] },
    Flood(limit: .unknownFrames) { _ in [Frame(type: 0xf0, stream: 3, payload: [1])] },
    Flood(limit: .resets) { step in
      [
        .headers(Self.stream(step), ForeignClient.request, flags: Self.whole),
        .reset(Self.stream(step), 8),
      ]
    },
  ]

  private final class Recorder {
    var limits: [ConnectionLimit] = []
  }

  private func server(
    _ recorder: Recorder, change: (inout SessionConfiguration) -> Void = { _ in }
  ) throws -> TestConnection {
    var configuration = ConnectionConfiguration.defaults
    let rate = RateLimit(burst: Self.burst, perSecond: 1)
    configuration.session.floods.resets = rate
    configuration.session.floods.pings = rate
    configuration.session.floods.settings = rate
    configuration.session.floods.priorities = rate
    configuration.session.floods.windowUpdates = rate
    configuration.session.floods.smallData = rate
    configuration.session.floods.unknownFrames = rate
    configuration.session.floods.continuations = Self.burst
    change(&configuration.session)
    configuration.onLimitExceeded = { recorder.limits.append($0) }
    let server = try TestConnection.server(configuration: configuration)
    try server.readPreface()
    return server
  }

  private func send(_ frames: [Frame], to server: TestConnection) throws -> [Frame] {
    server.read(ByteBuffer(frames: frames))
    return try server.frames()
  }

  @Test(arguments: Self.floods)
  func `a flood ends the connection with ENHANCE_YOUR_CALM`(flood: Flood) throws {
    let recorder = Recorder()
    let server = try self.server(recorder)
    for step in 0..<(Self.burst - flood.before) {
      #expect(try self.send(flood.frames(step), to: server).goAways == [])
    }
    #expect(server.channel.isActive)
    #expect(recorder.limits == [])
    let answer = try self.send(flood.frames(Self.burst), to: server)
    #expect(answer.goAways.map(\.code) == [Self.calm])
    #expect(!server.channel.isActive)
    #expect(recorder.limits == [flood.limit])
  }

  @Test(arguments: Self.floods)
  func `the same at a pace that is allowed goes on for ever`(flood: Flood) throws {
    let recorder = Recorder()
    let server = try self.server(recorder)
    for step in 0..<(Self.burst * 4) {
      server.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
      _ = try self.send(flood.frames(step), to: server)
    }
    #expect(server.channel.isActive)
    #expect(recorder.limits == [])
  }

  @Test func `calls earn what a client sends along with them`() throws {
    let recorder = Recorder()
    let server = try self.server(recorder)
    for step in 0..<40 {
      let stream = Self.stream(step)
      let answer = try self.send(
        [
          .headers(stream, ForeignClient.request, flags: .endHeaders),
          Frame(type: 0x2, stream: stream, payload: [0, 0, 0, 0, 1]),
          .data(stream, [1]), .data(stream, [2]), .data(stream, [3], flags: .endStream),
          .windowUpdate(stream, 1), .windowUpdate(0, 1),
        ], to: server)
      #expect(answer.goAways == [])
      server.accepted.last?.stream.sendHeaders(.response, endStream: true)
      server.run()
    }
    #expect(recorder.limits == [])
  }

  @Test(arguments: [0, 1, 63])
  func `DATA that carries next to nothing is counted`(size: Int) throws {
    let recorder = Recorder()
    let server = try self.server(recorder)
    var answer = try self.send(
      [.headers(1, ForeignClient.request, flags: .endHeaders)], to: server)
    for _ in 0..<(Self.burst) {
      answer += try self.send([.data(1, [UInt8](repeating: 1, count: size))], to: server)
    }
    #expect(answer.goAways == [])
    answer = try self.send([.data(1, [UInt8](repeating: 1, count: size))], to: server)
    #expect(answer.goAways.map(\.code) == [Self.calm])
    #expect(recorder.limits == [.smallData])
    #expect(server.accepted.first?.calls.last == .closed(.connectionLost))
  }

  @Test func `DATA that carries something is not`() throws {
    let recorder = Recorder()
    let server = try self.server(recorder)
    _ = try self.send([.headers(1, ForeignClient.request, flags: .endHeaders)], to: server)
    for _ in 0..<100 {
      _ = try self.send([.data(1, [UInt8](repeating: 1, count: 64))], to: server)
    }
    #expect(server.channel.isActive)
  }

  @Test(arguments: [[], [("a", "b")]])
  func `a header block has so many CONTINUATION frames and no more`(
    fields: [(String, String)]
  ) throws {
    let recorder = Recorder()
    let server = try self.server(recorder)
    for stream in [1, 3] as [UInt32] {
      var frames: [Frame] = [.headers(stream, ForeignClient.request, flags: .endStream)]
      for _ in 0..<(Self.burst - 1) { frames.append(.continuation(stream, fields, flags: [])) }
      frames.append(.continuation(stream, fields, flags: .endHeaders))
      #expect(try self.send(frames, to: server) == [])
    }
    #expect(server.accepted.count == 2)
    var frames: [Frame] = [.headers(5, ForeignClient.request, flags: .endStream)]
    for _ in 0...Self.burst { frames.append(.continuation(5, fields, flags: [])) }
    #expect(try self.send(frames, to: server).goAways.map(\.code) == [Self.calm])
    #expect(recorder.limits == [.continuations])
    #expect(server.accepted.count == 2)
  }

  @Test func `resets that a peer provokes count as its own`() throws {
    let recorder = Recorder()
    let server = try self.server(recorder)
    var codes: [UInt32] = []
    for step in 0...Self.burst {
      let stream = Self.stream(step)
      let answer = try self.send(
        [
          .headers(stream, ForeignClient.request, flags: Self.whole),
          .windowUpdate(stream, 0x7fff_ffff),
        ], to: server)
      codes += answer.goAways.map(\.code)
      if step < Self.burst { #expect(answer.resets.map(\.stream) == [stream]) }
    }
    #expect(codes == [Self.calm])
    #expect(recorder.limits == [.resets])
    #expect(!server.channel.isActive)
  }

  @Test func `a stream that is reset keeps its slot until its work has ended`() throws {
    let recorder = Recorder()
    let server = try self.server(recorder) { configuration in
      configuration.maxConcurrentStreams = 2
    }
    for stream in [1, 3] as [UInt32] {
      _ = try self.send(
        [.headers(stream, ForeignClient.request, flags: Self.whole)], to: server)
      server.accepted.last?.stream.isBusy = true
      #expect(try self.send([.reset(stream, 8)], to: server) == [])
    }
    #expect(
      try self.send([.headers(5, ForeignClient.request, flags: Self.whole)], to: server)
        == [.reset(5, 7)])
    #expect(recorder.limits == [.streams])
    server.accepted.first?.stream.isBusy = false
    #expect(
      try self.send([.headers(7, ForeignClient.request, flags: Self.whole)], to: server) == [])
    #expect(server.accepted.map(\.stream.id) == [1, 3, 7])
    // And only one.
    #expect(
      try self.send([.headers(9, ForeignClient.request, flags: Self.whole)], to: server)
        == [.reset(9, 7)])
  }

  @Test func `to give up a call that takes long is no flood, and answered calls earn resets`()
    throws
  {
    let recorder = Recorder()
    let server = try self.server(recorder)
    let streams = (0..<20).map(Self.stream)
    _ = try self.send(
      streams.map { .headers($0, ForeignClient.request, flags: Self.whole) }, to: server)
    server.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(try self.send(streams.map { .reset($0, 8) }, to: server) == [])
    for step in 0..<20 {
      let stream = Self.stream(20 + 2 * step)
      _ = try self.send(
        [.headers(stream, ForeignClient.request, flags: Self.whole)], to: server)
      server.accepted.last?.stream.sendHeaders(.response, endStream: true)
      server.run()
      _ = try self.send(
        [.headers(stream + 2, ForeignClient.request, flags: Self.whole), .reset(stream + 2, 8)],
        to: server)
    }
    #expect(recorder.limits == [])
    #expect(server.channel.isActive)
  }

  @Test func `padding makes nothing of nothing`() throws {
    let recorder = Recorder()
    let server = try self.server(recorder)
    _ = try self.send([.headers(1, ForeignClient.request, flags: .endHeaders)], to: server)
    let padded = Frame.data(1, [255] + [UInt8](repeating: 0, count: 255), flags: .padded)
    for _ in 0...Self.burst { _ = try self.send([padded], to: server) }
    #expect(recorder.limits == [.smallData])
  }

  @Test func `a client of ours is not guarded against its server`() throws {
    let client = try TestConnection.client()
    client.read(ByteBuffer(frames: [.settings([:]), .settingsAck]))
    for _ in 0..<1_000 { client.read(ByteBuffer(frames: [.ping([0, 0, 0, 0, 0, 0, 0, 0])])) }
    for _ in 0..<600 {
      let receiver = try client.open(endStream: true)
      client.run()
      receiver.stream.reset(.cancel)
      client.run()
    }
    #expect(client.channel.isActive)
    #expect(client.handler.acceptsNewStreams)
  }

  @Test func `work that ends as the stream is closed leaves no trace`() throws {
    let recorder = Recorder()
    var configuration = ConnectionConfiguration.defaults
    configuration.session.maxConcurrentStreams = 1
    configuration.onLimitExceeded = { recorder.limits.append($0) }
    let server = try TestConnection.server(configuration: configuration) { stream, call in
      switch call {
      case .headers: stream.isBusy = true
      case .closed: stream.isBusy = false
      default: break
      }
    }
    try server.readPreface()
    for stream in [1, 3, 5] as [UInt32] {
      _ = try self.send(
        [.headers(stream, ForeignClient.request, flags: Self.whole), .reset(stream, 8)],
        to: server)
    }
    #expect(server.accepted.count == 3)
    #expect(recorder.limits == [])
  }
}
