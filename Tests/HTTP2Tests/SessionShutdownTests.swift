import HTTP2
import NIOCore
import Testing

@Suite struct SessionShutdownTests {
  private let noNewStreams = SessionError(code: .noNewStreams)

  @Test(arguments: [0, 1, 0x0102_0304_0506_0708, UInt64.max])
  func `a ping is acknowledged with its own number`(number: UInt64) throws {
    let pair = SessionPair(cut: .byteByByte)
    pair.server.ping(number)
    pair.client.ping(number ^ 1)
    try pair.exchange()
    #expect(pair.takeServerEvents() == [.pingAcknowledged(number)])
    #expect(pair.takeClientEvents() == [.pingAcknowledged(number ^ 1)])
  }

  @Test func `an announcement refuses nothing`() throws {
    let pair = SessionPair()
    let id = try pair.open()
    pair.server.announceShutdown()
    // Leaves before the announcement arrives.
    let late = try pair.client.submitRequest(.request, endStream: true)
    try pair.exchange()
    #expect(pair.takeServerEvents() == [.headers(late, .request, endStream: true)])
    #expect(pair.takeClientEvents() == [.goAway(lastStreamID: 2_147_483_647, .noError)])
    for id in [id, late] {
      try pair.server.submitResponse(.response, on: id, endStream: true)
    }
    try pair.client.send(.empty, on: id, endStream: true)
    try pair.exchange()
    #expect(pair.takeClientEvents().count { $0 == .closed(id, .noError) } == 1)
    #expect(!pair.server.isFinished)
    #expect(pair.client.isFinished)
  }

  @Test func `GOAWAY lets the streams it names finish`() throws {
    let pair = SessionPair()
    let id = try pair.open()
    pair.server.goAway(.noError)
    try pair.exchange()
    #expect(pair.takeClientEvents() == [.goAway(lastStreamID: id, .noError)])
    #expect(!pair.server.isFinished && !pair.client.isFinished)
    try pair.server.submitResponse(.response, on: id, endStream: false)
    try pair.server.send(.pattern(10_000), on: id, endStream: true)
    try pair.client.send(.pattern(10_000), on: id, endStream: true)
    try pair.exchange()
    #expect(
      pair.takeClientEvents() == [
        .headers(id, .response, endStream: false), .data(id, .pattern(10_000)), .endStream(id),
        .closed(id, .noError),
      ])
    #expect(
      pair.takeServerEvents()
        == [.data(id, .pattern(10_000)), .endStream(id), .closed(id, .noError)])
    #expect(pair.server.isFinished && pair.client.isFinished)
  }

  @Test func `GOAWAY refuses the streams above it`() throws {
    let pair = SessionPair()
    let taken = try pair.open()
    pair.server.goAway(.enhanceYourCalm)
    let refused = try pair.client.submitRequest(.request, endStream: false)
    var bytes = ByteBuffer()
    try #require(pair.client.writePending(into: &bytes, limit: 1 << 20))
    try pair.exchange()
    #expect(
      pair.takeClientEvents() == [
        .goAway(lastStreamID: taken, .enhanceYourCalm), .closed(refused, .refusedStream),
      ])
    // What it sent of the refused stream in the meantime is no offence.
    try pair.server.receive(bytes)
    #expect(pair.server.nextEvent() == nil)
  }

  @Test func `no stream is opened after GOAWAY`() throws {
    let pair = SessionPair()
    _ = try pair.open()
    pair.server.announceShutdown()
    try pair.exchange()
    #expect(throws: self.noNewStreams) {
      try pair.client.submitRequest(.request, endStream: true)
    }
  }

  @Test func `a request that still waits when GOAWAY comes was never sent`() throws {
    var configuration = SessionConfiguration.defaults
    configuration.maxConcurrentStreams = 1
    let pair = SessionPair(server: configuration)
    let first = try pair.openAndAnswer()
    let waiting = try pair.client.submitRequest(.request, endStream: true)
    pair.server.announceShutdown()
    try pair.exchange()
    try pair.client.send(.empty, on: first, endStream: true)
    try pair.server.send(.empty, on: first, endStream: true)
    try pair.exchange()
    #expect(
      pair.takeClientEvents() == [
        .goAway(lastStreamID: 2_147_483_647, .noError), .endStream(first),
        .closed(first, .noError), .closed(waiting, .refusedStream),
      ])
  }

  @Test func `a session is finished once its end is written`() throws {
    let pair = SessionPair()
    let id = try pair.open()
    pair.server.terminate(.noError)
    #expect(!pair.server.isFinished)
    try pair.exchange()
    #expect(pair.server.isFinished)
    #expect(pair.takeClientEvents() == [.goAway(lastStreamID: id, .noError)])
    #expect(throws: self.noNewStreams) {
      try pair.server.submitRequest(.request, endStream: true)
    }
  }

  @Test func `an idle session is not finished`() throws {
    let pair = SessionPair()
    #expect(!pair.client.isFinished && !pair.server.isFinished)
    try pair.exchange()
    #expect(!pair.client.isFinished && !pair.server.isFinished)
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\n\r\n", "PUT /", "\u{16}\u{3}\u{1}", "PRI * HTTP/2.0\r\n\r\nXX",
  ])
  func `other protocols are told apart`(text: String) throws {
    #expect(throws: SessionError(code: .notHTTP2)) {
      try Session(role: .server).receive(ByteBuffer(string: text))
    }
    let session = Session(role: .server)
    #expect(throws: SessionError(code: .notHTTP2)) {
      for byte in text.utf8 { try session.receive(ByteBuffer(bytes: [byte])) }
    }
  }

  @Test func `errors speak`() {
    #expect("\(self.noNewStreams)" == "request HEADERS is not allowed")
    #expect("\(ErrorCode.protocolError)" == "PROTOCOL_ERROR")
    #expect("\(ErrorCode(rawValue: 0xd))" == "0xd")
  }
}
