import HTTP2
import NIOCore
import Testing

/// The rules of RFC 9113 and RFC 7541 for what a client may send, one by one.
@Suite(.timeLimit(.minutes(10))) struct ConformanceTests {
  /// The request that shows that a connection goes on; above every stream of the cases.
  private static let lastStream: UInt32 = 0x7ff1

  @Test(arguments: ConformanceCase.all)
  func `in memory`(given: ConformanceCase) async throws {
    try await self.check(
      given, over: MemoryWire(configuration: given.configuration, isBytewise: false))
  }

  @Test(arguments: ConformanceCase.all)
  func `in memory, byte by byte`(given: ConformanceCase) async throws {
    try await self.check(
      given, over: MemoryWire(configuration: given.configuration, isBytewise: true))
  }

  @Test(arguments: ConformanceCase.all)
  func `over a socket`(given: ConformanceCase) async throws {
    let wire = try await SocketWire(configuration: given.configuration)
    try await self.check(given, over: wire)
    try await wire.close()
  }

  @Test func `no two cases have the same name`() {
    #expect(Set(ConformanceCase.all.map(\.name)).count == ConformanceCase.all.count)
  }

  private func check(_ given: ConformanceCase, over wire: some ConformanceWire) async throws {
    var bytes = ByteBuffer()
    if let opening = given.opening {
      bytes.writeBytes(opening)
    } else {
      bytes.writeString(Frame.magic)
      bytes.write(.settings([:]))
    }
    let opening = try await self.exchange(&bytes, 0, wire)
    if given.opening == nil {
      try #require(!opening.isClosed)
      try #require(opening.frames.map(\.type) == [0x4])
      bytes.write(.settingsAck)
    }
    var reply = opening
    reply.frames.removeAll { $0.type == 0x4 }
    for (index, step) in given.steps.enumerated() where !reply.isClosed {
      for frame in step { bytes.write(frame) }
      reply += try await self.exchange(&bytes, UInt8(index + 1), wire)
    }
    self.expect(given.expected, reply)
    if case .closed = given.expected { return }
    if case .connectionError = given.expected { return }
    bytes.write(.request(Self.lastStream))
    let last = try await self.exchange(&bytes, 0xff, wire)
    #expect(!last.isClosed)
    #expect(last.frames.map(\.type) == [0x1])
    #expect(last.frames.first?.stream == Self.lastStream)
    #expect(last.frames.first?.flags == .whole)
  }

  /// Sends `bytes`, and leaves them empty.
  ///
  /// - Returns: the answer, without what belongs to every answer: windows given back, SETTINGS and
  ///   the test's own pings acknowledged.
  private func exchange(
    _ bytes: inout ByteBuffer, _ number: UInt8, _ wire: some ConformanceWire
  ) async throws -> ConformanceReply {
    var reply = ConformanceReply()
    // The answer to a PING overtakes that to a request; but not that to a request which was answered
    // before the PING was sent.
    for half: UInt8 in [1, 2] where !reply.isClosed {
      let payload = [number, half, 0, 0, 0, 0, 0, 0]
      bytes.write(.ping(payload))
      let pong = Frame.ping(payload, flags: .ack)
      let part = try await wire.exchange(bytes, until: pong)
      if !part.isClosed { #expect(part.frames.count { $0 == pong } == 1) }
      reply += ConformanceReply(
        frames: part.frames.filter { $0 != pong && $0 != .settingsAck && $0.type != 0x8 },
        isClosed: part.isClosed)
      bytes.clear()
    }
    return reply
  }

  private func expect(_ expected: ConformanceCase.Expectation, _ reply: ConformanceReply) {
    let frames = reply.frames
    switch expected {
    case .streamError(let stream, let code):
      #expect(frames.resets == [.reset(stream, code.rawValue)])
      #expect(frames.allSatisfy { $0.type == 0x1 || $0.type == 0x3 })
      #expect(!frames.contains { $0.type == 0x1 && $0.stream == stream })
      #expect(!reply.isClosed)
    case .connectionError(let code, let last):
      #expect(frames.goAways.map(\.code) == [code.rawValue])
      #expect(frames.goAways.map(\.last) == [last])
      #expect(frames.last?.type == 0x7)
      #expect(reply.isClosed)
    case .closed:
      #expect(frames.goAways == [])
      #expect(reply.isClosed)
    case .ignored:
      #expect(frames == [])
      #expect(!reply.isClosed)
    case .answered(let streams):
      #expect(frames.map(\.type) == streams.map { _ in 0x1 })
      #expect(frames.map(\.stream) == streams)
      #expect(frames.allSatisfy { $0.flags == .whole })
      #expect(!reply.isClosed)
    case .body(let stream, let sizes):
      let data = frames.of(type: 0x0)
      #expect(data.map(\.payload.count) == sizes)
      #expect(data.allSatisfy { $0.stream == stream })
      #expect(frames.count == data.count + 1)
      #expect(frames.first?.type == 0x1)
      #expect(!reply.isClosed)
    }
  }
}

extension ConformanceCase {
  fileprivate var configuration: SessionConfiguration {
    var configuration = SessionConfiguration.defaults
    configuration.maxConcurrentStreams = self.maxConcurrentStreams
    configuration.streamWindow = self.streamWindow
    return configuration
  }
}
