import HTTP2
import NIOCore
import Testing

/// A server session before a client that shares no code with it.
@Suite struct ForeignClientTests {
  private typealias Request = ForeignClient

  @Test func `the server's preface announces its limits`() throws {
    var configuration = SessionConfiguration.defaults
    configuration.maxConcurrentStreams = 9
    configuration.streamWindow = 70_000
    configuration.connectionWindow = 100_000
    configuration.maxHeaderListSize = 5000
    let client = try ForeignClient(opens: false, configuration: configuration)
    let preface = try client.answer()
    #expect(
      preface == [
        .settings([3: 9, 4: 70_000, 6: 5000, 2: 0]), .windowUpdate(0, 100_000 - 65_535),
      ])
    try client.session.receive(ByteBuffer(string: Frame.magic))
    // SETTINGS_HEADER_TABLE_SIZE, and one that nobody knows.
    #expect(try client.send(.settings([1: 0, 0xabcd: 7])) == [.settingsAck])
    #expect(client.events == [])
  }

  @Test func `a request in one frame`() throws {
    let client = try ForeignClient()
    #expect(
      try client.send(.headers(1, Request.request, flags: [.endHeaders, .endStream])) == [])
    #expect(client.events == [.headers(1, .request, endStream: true)])
    try client.session.submitResponse(.response, on: 1, endStream: true)
    let answer = try client.answer()
    #expect(answer.count == 1)
    #expect(answer.first?.type == 0x1)
    #expect(answer.first?.flags == [.endHeaders, .endStream])
    // `:status: 200` is entry 8 of the static table.
    #expect(answer.first?.payload.first == 0x88)
    #expect(client.events.last == .closed(1, .noError))
  }

  @Test func `a header block may go on in other frames`() throws {
    let client = try ForeignClient()
    #expect(
      try client.send(
        .headers(1, Array(Request.request[..<2]), flags: .endStream),
        .continuation(1, [Request.request[2]], flags: []), .continuation(1, [], flags: []),
        .continuation(1, [Request.request[3]], flags: .endHeaders)) == [])
    #expect(client.events == [.headers(1, .request, endStream: true)])
  }

  @Test func `padding is dropped and costs no window`() throws {
    var configuration = SessionConfiguration.defaults
    configuration.streamWindow = 1000
    let client = try ForeignClient(configuration: configuration)
    let block = Frame.literal(Request.request)
    let padding = [UInt8](repeating: 0, count: 200)
    _ = try client.send(
      Frame(
        type: 0x1, flags: [.endHeaders, .padded], stream: 1, payload: [200] + block + padding))
    var answers: [Frame] = []
    for letter in 0..<20 {
      answers += try client.send(
        .data(
          1, [200, UInt8(letter)] + padding, flags: letter < 19 ? .padded : [.padded, .endStream])
      )
    }
    #expect(answers.allSatisfy { $0.type == 0x8 })
    #expect(client.events.dataCount(1) == 20)
    #expect(client.events.first == .headers(1, .request, endStream: false))
    #expect(client.events.last == .endStream(1))
  }

  @Test func `trailers end a request`() throws {
    let client = try ForeignClient()
    #expect(
      try client.send(
        .headers(1, Request.request, flags: .endHeaders), .data(1, [1, 2]),
        .headers(1, [("checksum", "3")], flags: [.endHeaders, .endStream])) == [])
    #expect(
      client.events == [
        .headers(1, .request, endStream: false), .data(1, ByteBuffer(bytes: [1, 2])),
        .headers(1, ["checksum": "3"], endStream: true),
      ])
  }

  @Test func `what nobody knows is ignored`() throws {
    let client = try ForeignClient()
    #expect(
      try client.send(
        Frame(type: 0xbb, flags: .init(rawValue: 0xff), payload: [1, 2, 3]),
        Frame(type: 0xbb, stream: 1, payload: []),
        // PRIORITY, long out of use.
        Frame(type: 0x2, stream: 5, payload: [0, 0, 0, 0, 9])) == [])
    #expect(client.events == [])
    _ = try client.send(.headers(1, Request.request, flags: [.endHeaders, .endStream]))
    #expect(client.events == [.headers(1, .request, endStream: true)])
  }

  @Test func `a ping is answered`() throws {
    let client = try ForeignClient()
    let payload: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
    #expect(try client.send(.ping(payload)) == [.ping(payload, flags: .ack)])
    #expect(client.events == [])
  }

  /// What breaks the connection, and the code that says so.
  enum Offence: CaseIterable {
    case dataOnIdleStream, resetOfIdleStream, dataAfterEnd, evenStream
    case continuationAlone, interruptedHeaders, brokenHPACK, oversizedFrame, shortPing
    case connectionWindowOverflow, emptyWindowUpdate, settingsOnStream, pushPromise

    var frames: [Frame] {
      let whole: Frame.Flags = [.endHeaders, .endStream]
      let request = Request.request
      return switch self {
      case .dataOnIdleStream: [.data(1, [1])]
      case .resetOfIdleStream: [.reset(1, 8)]
      case .dataAfterEnd: [.headers(1, request, flags: whole), .data(1, [1])]
      case .evenStream: [.headers(2, request, flags: whole)]
      case .continuationAlone: [.continuation(1, request, flags: .endHeaders)]
      case .interruptedHeaders: [.headers(1, request, flags: []), .ping([0, 0, 0, 0, 0, 0, 0, 0])]
      case .brokenHPACK: [Frame(type: 0x1, flags: whole, stream: 1, payload: [0xff, 0xff, 0xff])]
      case .oversizedFrame:
        [Frame(type: 0xbb, payload: [UInt8](repeating: 0, count: 16_385))]
      case .shortPing: [.ping([1])]
      case .connectionWindowOverflow: [.windowUpdate(0, 0x7fff_ffff)]
      case .emptyWindowUpdate: [.windowUpdate(0, 0)]
      case .settingsOnStream: [Frame(type: 0x4, stream: 1)]
      case .pushPromise: [Frame(type: 0x5, flags: .endHeaders, stream: 1, payload: [0, 0, 0, 2])]
      }
    }

    var code: UInt32 {
      switch self {
      case .connectionWindowOverflow: 0x3
      case .dataAfterEnd: 0x5
      case .oversizedFrame, .shortPing: 0x6
      case .brokenHPACK: 0x9
      case .dataOnIdleStream, .resetOfIdleStream, .evenStream, .continuationAlone,
        .interruptedHeaders,
        .emptyWindowUpdate, .settingsOnStream, .pushPromise:
        0x1
      }
    }
  }

  @Test(arguments: Offence.allCases)
  func `a broken connection ends with GOAWAY`(offence: Offence) throws {
    let client = try ForeignClient()
    try client.session.receive(ByteBuffer(frames: offence.frames))
    let answer = try client.answer()
    #expect(answer.goAways.map(\.code) == [offence.code])
    #expect(client.session.isFinished)
  }

  /// A request that cannot stand, while the connection can.
  enum Malformed: CaseIterable {
    case upperCaseName, noPath, pseudoHeaderLast, connectionHeader, bodyLongerThanSaid, selfMade

    var fields: [(String, String)] {
      let request = Request.request
      return switch self {
      case .upperCaseName: request + [("Accept", "a")]
      case .noPath: Array(request.dropLast())
      case .pseudoHeaderLast: [("a", "b")] + request
      case .connectionHeader: request + [("connection", "close")]
      case .bodyLongerThanSaid: request + [("content-length", "1")]
      case .selfMade: request + [(":mine", "1")]
      }
    }
  }

  @Test(arguments: Malformed.allCases)
  func `a malformed request ends its stream alone`(malformed: Malformed) throws {
    let client = try ForeignClient()
    let answer = try client.send(
      .headers(1, malformed.fields, flags: .endHeaders), .data(1, [1, 2], flags: .endStream))
    #expect(answer == [.reset(1, 0x1)])
    if malformed == .bodyLongerThanSaid {
      #expect(client.events.first?.stream == 1)
      #expect(client.events.last == .closed(1, .protocolError))
    } else {
      #expect(client.events == [])
    }
    _ = try client.send(.headers(3, Request.request, flags: [.endHeaders, .endStream]))
    #expect(client.events.last == .headers(3, .request, endStream: true))
  }

  @Test func `a stream's window cannot overflow`() throws {
    let client = try ForeignClient()
    _ = try client.send(.headers(1, Request.request, flags: .endHeaders))
    #expect(try client.send(.windowUpdate(1, 0x7fff_ffff)) == [.reset(1, 0x3)])
    #expect(client.events.last == .closed(1, .flowControlError))
  }

  @Test func `more than a stream's window resets it`() throws {
    var configuration = SessionConfiguration.defaults
    configuration.streamWindow = 100
    let client = try ForeignClient(configuration: configuration)
    _ = try client.send(.headers(1, Request.request, flags: .endHeaders))
    #expect(try client.send(.data(1, [UInt8](repeating: 0, count: 100))) == [])
    #expect(try client.send(.data(1, [0])) == [.reset(1, 0x3)])
    #expect(client.events.last == .closed(1, .flowControlError))
    #expect(client.events.dataCount(1) == 100)
  }

  @Test func `nothing of a DATA frame that is larger than the window is told`() throws {
    var configuration = SessionConfiguration.defaults
    configuration.streamWindow = 100
    configuration.connectionWindow = 70_000
    let client = try ForeignClient(configuration: configuration)
    let tooMuch = Frame.data(1, [UInt8](repeating: 7, count: 16_384), flags: .endStream)
    var answer: [Frame] = []
    // More than the connection's window in all: what was refused is given back to it.
    for stream: UInt32 in stride(from: 1, to: 20, by: 2) {
      answer += try client.send(.headers(stream, Request.request, flags: .endHeaders))
      var frame = tooMuch
      frame.stream = stream
      answer += try client.send(frame)
    }
    #expect(answer.resets.map(\.code) == [UInt32](repeating: 0x3, count: 10))
    #expect(answer.goAways == [])
    #expect(client.events.count == 20)
    #expect(client.events.first == .headers(1, .request, endStream: false))
    #expect(client.events.last == .closed(19, .flowControlError))
  }

  @Test func `more streams than allowed break the connection`() throws {
    var configuration = SessionConfiguration.defaults
    configuration.maxConcurrentStreams = 2
    let client = try ForeignClient(configuration: configuration)
    let answer = try client.send(
      .headers(1, Request.request, flags: .endHeaders),
      .headers(3, Request.request, flags: .endHeaders),
      .headers(5, Request.request, flags: .endHeaders))
    #expect(answer.goAways.map(\.code) == [0x1])
    #expect(client.events.compactMap(\.stream) == [1, 3])
    #expect(client.events.last == .limitExceeded(.streams))
  }

  @Test func `a secret stays out of the compression table`() throws {
    let session = Session(role: .client)
    _ = try session.submitRequest(
      Headers.request.adding([("authorization", "Bearer x")]), endStream: true)
    var bytes = ByteBuffer()
    try #require(session.writePending(into: &bytes, limit: 1 << 20))
    bytes.moveReaderIndex(forwardBy: Frame.magic.utf8.count)
    let block = try #require(bytes.readFrames().of(type: 0x1).first?.payload)
    // Never indexed, with the name from entry 23 of the static table (RFC 7541, section 6.2.3).
    #expect(zip(block, block.dropFirst()).contains { $0 == (0x1f, 0x08) })
  }

  @Test func `a response too large to be sent resets its stream`() throws {
    let client = try ForeignClient()
    _ = try client.send(.headers(1, Request.request, flags: [.endHeaders, .endStream]))
    try client.session.submitResponse(
      Headers.response.adding([("a", String(repeating: "v", count: 70_000))]), on: 1,
      endStream: true)
    #expect(try client.answer() == [.reset(1, 0x2)])
    #expect(client.events.last == .closed(1, .internalError))
  }

  @Test func `unread acknowledgements have a limit`() throws {
    let client = try ForeignClient()
    var flood = ByteBuffer()
    for _ in 0..<2000 { flood.write(.ping([0, 0, 0, 0, 0, 0, 0, 0])) }
    #expect(throws: SessionError(code: .flooded)) { try client.session.receive(flood) }
  }
}
