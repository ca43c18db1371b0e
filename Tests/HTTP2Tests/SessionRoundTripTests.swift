import HTTP2
import NIOCore
import Testing

@Suite struct SessionRoundTripTests {
  @Test(arguments: SessionPair.Cut.allCases)
  func `a request without a body gets a response without a body`(cut: SessionPair.Cut) throws {
    let pair = SessionPair(cut: cut)
    let id = try pair.client.submitRequest(.request, endStream: true)
    #expect(id == 1)
    try pair.exchange()
    #expect(pair.takeServerEvents() == [.headers(1, .request, endStream: true)])
    try pair.server.submitResponse(.response, on: 1, endStream: true)
    try pair.exchange()
    #expect(
      pair.takeClientEvents()
        == [.headers(1, .response, endStream: true), .closed(1, .noError)])
    #expect(pair.takeServerEvents() == [.closed(1, .noError)])
  }

  @Test(arguments: SessionPair.Cut.allCases)
  func `bodies go both ways`(cut: SessionPair.Cut) throws {
    let pair = SessionPair(cut: cut)
    let upload = ByteBuffer.pattern(3000)
    let download = ByteBuffer.pattern(5000, seed: 2)
    let id = try pair.client.submitRequest(.request, endStream: false)
    #expect(try pair.client.send(upload, on: id, endStream: true))
    try pair.exchange()
    #expect(
      pair.takeServerEvents()
        == [.headers(id, .request, endStream: false), .data(id, upload), .endStream(id)])
    try pair.server.submitResponse(.response, on: id, endStream: false)
    try pair.exchange()
    #expect(pair.takeClientEvents() == [.headers(id, .response, endStream: false)])
    #expect(try pair.server.send(download, on: id, endStream: false))
    try pair.exchange()
    #expect(pair.takeClientEvents() == [.data(id, download)])
    #expect(try pair.server.send(.empty, on: id, endStream: true))
    try pair.exchange()
    #expect(pair.takeClientEvents() == [.endStream(id), .closed(id, .noError)])
    #expect(pair.takeServerEvents() == [.closed(id, .noError)])
  }

  @Test(arguments: SessionPair.Cut.allCases)
  func `a body arrives the same however it was handed over`(cut: SessionPair.Cut) throws {
    let pair = SessionPair(cut: cut)
    var random = SeededRandom(seed: 3)
    let body = ByteBuffer.pattern(20_000)
    let id = try pair.open()
    var rest = body
    while rest.readableBytes > 0 {
      // Two pieces between exchanges, so that one is appended to what still waits.
      for _ in 0..<2 {
        let piece = rest.readUpTo(Int.random(in: 0...700, using: &random))
        try pair.client.send(piece, on: id, endStream: rest.readableBytes == 0)
        if rest.readableBytes == 0 { break }
      }
      try pair.exchange()
    }
    #expect(pair.takeServerEvents() == [.data(id, body), .endStream(id)])
  }

  @Test(arguments: SessionPair.Cut.allCases)
  func `many streams at once keep their bodies apart`(cut: SessionPair.Cut) throws {
    let pair = SessionPair(cut: cut)
    let count = 100
    let ids = try (0..<count).map { index in
      let id = try pair.client.submitRequest(.request(path: "/\(index)"), endStream: false)
      try pair.client.send(.pattern(50, seed: UInt64(index)), on: id, endStream: true)
      return id
    }
    #expect(ids == (0..<count).map { StreamID(rawValue: Int32(2 * $0 + 1)) })
    try pair.exchange()
    let requests = pair.takeServerEvents()
    for (index, id) in ids.enumerated() {
      #expect(
        requests.filter { $0.stream == id } == [
          .headers(id, .request(path: "/\(index)"), endStream: false),
          .data(id, .pattern(50, seed: UInt64(index))), .endStream(id),
        ])
    }
    for (index, id) in ids.enumerated().reversed() {
      try pair.server.submitResponse(.response, on: id, endStream: false)
      try pair.server.send(.pattern(70, seed: UInt64(index)), on: id, endStream: true)
    }
    try pair.exchange()
    let responses = pair.takeClientEvents()
    for (index, id) in ids.enumerated() {
      #expect(
        responses.filter { $0.stream == id } == [
          .headers(id, .response, endStream: false),
          .data(id, .pattern(70, seed: UInt64(index))), .endStream(id), .closed(id, .noError),
        ])
    }
    let ends = pair.takeServerEvents()
    #expect(ends.count == count)
    #expect(ids.allSatisfy { ends.contains(.closed($0, .noError)) })
  }

  @Test(arguments: SessionPair.Cut.allCases)
  func `header values of every sort arrive as they were`(cut: SessionPair.Cut) throws {
    let pair = SessionPair(cut: cut)
    let headers = Headers.request.adding([
      ("x-empty", ""), ("x-spaces", "a  b\tc"), ("x-twice", "1"), ("x-twice", "2"),
      ("x-text", "žluťoučký 🐎"), ("x-long", String(repeating: "long ", count: 1500) + "."),
      ("x-punctuation", #""'`~!@#$%^&*()[]{}<>/\|?,;:=+-_"#), ("authorization", "Bearer secret"),
      ("cookie", "a=b"), ("cookie", "c=d"),
    ])
    for _ in 0..<2 {
      // The second time they come out of the compression table.
      let id = try pair.client.submitRequest(headers, endStream: true)
      try pair.exchange()
      #expect(pair.takeServerEvents() == [.headers(id, headers, endStream: true)])
    }
  }

  @Test func `an empty body is an end without data`() throws {
    let pair = SessionPair()
    let id = try pair.open()
    #expect(try pair.client.send(.empty, on: id, endStream: false))
    try pair.exchange()
    #expect(pair.takeServerEvents() == [])
    #expect(try pair.client.send(.empty, on: id, endStream: true))
    try pair.exchange()
    #expect(pair.takeServerEvents() == [.endStream(id)])
  }

  @Test func `a request goes on after its response is complete`() throws {
    let pair = SessionPair()
    let id = try pair.open()
    try pair.server.submitResponse(.response, on: id, endStream: true)
    try pair.exchange()
    #expect(pair.takeClientEvents() == [.headers(id, .response, endStream: true)])
    try pair.client.send(.pattern(10), on: id, endStream: false)
    try pair.exchange()
    try pair.client.send(.pattern(20), on: id, endStream: true)
    try pair.exchange()
    var body = ByteBuffer.pattern(10)
    body.writeImmutableBuffer(.pattern(20))
    #expect(
      pair.takeServerEvents() == [.data(id, body), .endStream(id), .closed(id, .noError)])
    #expect(pair.takeClientEvents() == [.closed(id, .noError)])
  }

  @Test func `an informational response comes before the answer`() throws {
    let client = Session(role: .client)
    let id = try client.submitRequest(.request, endStream: true)
    var sink = ByteBuffer()
    try #require(client.writePending(into: &sink, limit: 1 << 20))
    try client.receive(
      ByteBuffer(frames: [
        .settings([:]), .headers(1, [(":status", "103")], flags: .endHeaders),
        .headers(1, [(":status", "200")], flags: [.endHeaders, .endStream]),
      ]))
    #expect(client.nextEvent() == .headers(id, [":status": "103"], endStream: false))
    #expect(client.nextEvent() == .headers(id, [":status": "200"], endStream: true))
    #expect(client.nextEvent() == .closed(id, .noError))
    #expect(client.nextEvent() == nil)
  }

  @Test func `sessions dropped in the middle of everything leave nothing to trip over`() throws {
    for steps in 0..<4 {
      let pair = SessionPair()
      let id = try pair.client.submitRequest(.request, endStream: false)
      try pair.client.send(.pattern(200_000), on: id, endStream: false)
      if steps > 0 { try pair.exchange() }
      if steps > 1 { try pair.server.submitResponse(.response, on: id, endStream: false) }
      if steps > 2 { try pair.server.send(.pattern(200_000), on: id, endStream: true) }
    }
  }
}
