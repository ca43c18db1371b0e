import HTTP2
import NIOCore
import Testing

/// Ways for a stream to end other than well.
@Suite struct SessionStreamTests {
  private let closed = SessionError(code: .streamClosed)

  @Test(arguments: SessionPair.Cut.allCases)
  func `a reset by the client is told on both sides`(cut: SessionPair.Cut) throws {
    let pair = SessionPair(cut: cut)
    let id = try pair.openAndAnswer()
    pair.client.reset(id, code: .cancel)
    try pair.exchange()
    #expect(pair.takeClientEvents() == [.closed(id, .cancel)])
    #expect(pair.takeServerEvents() == [.closed(id, .cancel)])
  }

  @Test(arguments: SessionPair.Cut.allCases)
  func `a reset by the server is told on both sides`(cut: SessionPair.Cut) throws {
    let pair = SessionPair(cut: cut)
    let id = try pair.open()
    pair.server.reset(id, code: .enhanceYourCalm)
    try pair.exchange()
    #expect(pair.takeClientEvents() == [.closed(id, .enhanceYourCalm)])
    #expect(pair.takeServerEvents() == [.closed(id, .enhanceYourCalm)])
  }

  @Test func `a request reset before it left is never seen by the server`() throws {
    let pair = SessionPair()
    let id = try pair.client.submitRequest(.request, endStream: false)
    #expect(!pair.client.hasBegun(id))
    pair.client.reset(id, code: .cancel)
    try pair.exchange()
    #expect(pair.takeClientEvents() == [.closed(id, .cancel)])
    #expect(pair.takeServerEvents() == [])
  }

  @Test func `a stream that is gone cannot be reset`() throws {
    let pair = SessionPair()
    let id = try pair.open(endStream: true)
    try pair.server.submitResponse(.response, on: id, endStream: true)
    try pair.exchange()
    pair.client.reset(id, code: .cancel)
    pair.server.reset(id, code: .cancel)
    #expect(!pair.client.wantsWrite && !pair.server.wantsWrite)
  }

  @Test func `a stream is answered once`() throws {
    let pair = SessionPair()
    let id = try pair.open()
    try pair.server.submitResponse(.response, on: id, endStream: false)
    #expect(throws: SessionError(code: .alreadyAnswered)) {
      try pair.server.submitResponse(.response, on: id, endStream: false)
    }
    try pair.exchange()
    #expect(throws: SessionError(code: .alreadyAnswered)) {
      try pair.server.submitResponse(.response, on: id, endStream: true)
    }
    try pair.server.send(.pattern(3), on: id, endStream: true)
    try pair.exchange()
    #expect(
      pair.takeClientEvents()
        == [.headers(id, .response, endStream: false), .data(id, .pattern(3)), .endStream(id)])
  }

  @Test func `no body goes before its headers`() throws {
    let pair = SessionPair()
    let id = try pair.open()
    #expect(throws: self.closed) {
      try pair.server.send(.pattern(3), on: id, endStream: true)
    }
    try pair.server.submitResponse(.response, on: id, endStream: true)
    try pair.exchange()
    #expect(pair.takeClientEvents() == [.headers(id, .response, endStream: true)])
  }

  @Test func `nothing is sent after the end`() throws {
    let pair = SessionPair()
    let id = try pair.openAndAnswer()
    for session in [pair.client, pair.server] {
      try session.send(.pattern(3), on: id, endStream: true)
      #expect(throws: self.closed) { try session.send(.pattern(3), on: id, endStream: false) }
      #expect(throws: self.closed) { try session.send(.empty, on: id, endStream: true) }
    }
    try pair.exchange()
    _ = pair.takeServerEvents()
    let other = try pair.open(endStream: true)
    #expect(throws: self.closed) {
      try pair.client.send(.pattern(3), on: other, endStream: true)
    }
  }

  @Test func `nothing is sent on a stream that is gone or never was`() throws {
    let pair = SessionPair()
    let id = try pair.openAndAnswer()
    pair.client.reset(id, code: .cancel)
    try pair.exchange()
    for id in [id, 77] {
      #expect(throws: self.closed) { try pair.client.send(.empty, on: id, endStream: true) }
      #expect(throws: self.closed) { try pair.server.send(.empty, on: id, endStream: true) }
      #expect(throws: self.closed) {
        try pair.server.submitResponse(.response, on: id, endStream: true)
      }
    }
  }

  @Test func `of a request with too many fields the rest is dropped, and said to be`() throws {
    var configuration = SessionConfiguration.defaults
    configuration.maxHeaderFields = 10
    let pair = SessionPair(server: configuration)
    let fields = (0..<6).map { ("x-\($0)", "") }
    let id = try pair.client.submitRequest(
      Headers.request.adding(fields + [("x-6", ""), ("x-7", "")]), endStream: true)
    try pair.exchange()
    let events = pair.takeServerEvents()
    try #require(events.count == 2)
    #expect(events[0] == .limitExceeded(.headerFields))
    guard case .headers(id, let headers, endStream: true) = events[1] else {
      Issue.record("no headers: \(events[1])")
      return
    }
    #expect(headers.isTruncated)
    #expect(headers.fields == Headers.request.adding(fields).fields)
  }

  @Test func `the size of the fields is bounded to the byte`() throws {
    var configuration = SessionConfiguration.defaults
    configuration.maxHeaderListSize = 1000
    let pair = SessionPair(server: configuration)
    let base = Headers.request.fields.reduce(0) { sum, field in
      sum + field.name.utf8.count + field.value.utf8.count + 32
    }
    let room = 1000 - base - 33
    let largest = Headers.request.adding([("x", String(repeating: "v", count: room))])
    let id = try pair.client.submitRequest(largest, endStream: true)
    try pair.exchange()
    #expect(pair.takeServerEvents() == [.headers(id, largest, endStream: true)])
    _ = try pair.client.submitRequest(
      Headers.request.adding([("x", String(repeating: "v", count: room + 1))]), endStream: true)
    try pair.exchange()
    #expect(pair.takeServerEvents().first == .limitExceeded(.headerListSize))
  }

  @Test func `requests over the limit wait for their turn`() throws {
    var configuration = SessionConfiguration.defaults
    configuration.maxConcurrentStreams = 2
    let pair = SessionPair(server: configuration)
    try pair.exchange()
    let ids = try (0..<3).map { _ in try pair.client.submitRequest(.request, endStream: true) }
    try pair.exchange()
    #expect(pair.takeServerEvents().map(\.stream) == [ids[0], ids[1]])
    #expect(ids.map { pair.client.hasBegun($0) } == [true, true, false])
    try pair.server.submitResponse(.response, on: ids[0], endStream: true)
    try pair.exchange()
    #expect(
      pair.takeServerEvents()
        == [.closed(ids[0], .noError), .headers(ids[2], .request, endStream: true)])
  }
}
