import HTTP2
import NIOCore
import Testing

@Suite struct SessionFlowControlTests {
  private let configuration = SessionConfiguration.defaults
  private let piece = ByteBuffer.pattern(10_000)

  /// Sends until `send` says stop, as a producer without an end.
  private func sendUntilStopped(_ session: Session, _ id: StreamID, _ pair: SessionPair) throws
    -> Int
  {
    var count = 0
    var mayGoOn = true
    while mayGoOn {
      mayGoOn = try session.send(self.piece, on: id, endStream: false)
      count += self.piece.readableBytes
      try pair.exchange()
      // A producer that is never stopped would go on for ever.
      try #require(count < 100 << 20)
    }
    return count
  }

  @Test func `a reader that does not consume stops the writer`() throws {
    let pair = SessionPair()
    let id = try pair.open()
    let sent = try self.sendUntilStopped(pair.client, id, pair)
    let window = Int(self.configuration.streamWindow)
    #expect(
      sent <= window + self.configuration.outboundHighWaterMark + self.piece.readableBytes)
    #expect(pair.takeServerEvents().dataCount(id) == window)
    #expect(pair.takeClientEvents() == [])
    try pair.exchange()
    #expect(!pair.client.wantsWrite)
  }

  @Test func `consuming opens the window and wakes the writer once a stop`() throws {
    let pair = SessionPair()
    let id = try pair.open()
    var sent = 0
    var received = 0
    for _ in 0..<5 {
      sent += try self.sendUntilStopped(pair.client, id, pair)
      let count = pair.takeServerEvents().dataCount(id)
      received += count
      #expect(pair.takeClientEvents().count(.writable(id)) == 0)
      pair.server.consume(count, on: id)
      try pair.exchange()
      #expect(pair.takeClientEvents() == [.writable(id)])
    }
    // What still waits goes out under the high-water mark, and nobody is woken again for it.
    try pair.client.send(.empty, on: id, endStream: true)
    var rest = pair.takeServerEvents()
    while !rest.isEmpty {
      received += rest.dataCount(id)
      pair.server.consume(rest.dataCount(id), on: id)
      try pair.exchange()
      rest = pair.takeServerEvents()
    }
    #expect(received == sent)
    #expect(pair.takeClientEvents() == [])
  }

  @Test func `the last piece of a body wakes nobody`() throws {
    let pair = SessionPair()
    let id = try pair.open()
    let isOpen = try pair.client.send(
      .pattern(self.configuration.outboundHighWaterMark), on: id, endStream: true)
    #expect(!isOpen)
    try pair.exchange()
    #expect(pair.takeClientEvents() == [])
    #expect(pair.takeServerEvents().last == .endStream(id))
  }

  @Test func `a stopped stream does not stop another`() throws {
    let pair = SessionPair()
    let stuck = try pair.open()
    _ = try self.sendUntilStopped(pair.client, stuck, pair)
    _ = pair.takeServerEvents()
    let other = try pair.openAndAnswer()
    let body = ByteBuffer.pattern(50_000)
    #expect(try pair.client.send(body, on: other, endStream: true))
    #expect(try pair.server.send(body, on: other, endStream: true))
    try pair.exchange()
    #expect(
      pair.takeServerEvents() == [.data(other, body), .endStream(other), .closed(other, .noError)])
    #expect(
      pair.takeClientEvents() == [.data(other, body), .endStream(other), .closed(other, .noError)])
  }

  @Test func `several MiB go both ways at once to consumers that are late`() throws {
    let pair = SessionPair(cut: .random)
    let upload = ByteBuffer.pattern(3 << 20)
    let download = ByteBuffer.pattern(4 << 20, seed: 2)
    let id = try pair.openAndAnswer()
    var toServer = Transfer(from: pair.client, to: pair.server, id: id, body: upload)
    var toClient = Transfer(from: pair.server, to: pair.client, id: id, body: download)
    while !toServer.isEnded || !toClient.isEnded {
      let moved = try toServer.produce() + toClient.produce()
      try pair.exchange()
      let (atServer, atClient) = (pair.takeServerEvents(), pair.takeClientEvents())
      let consumed =
        try toServer.take(atServer, senderEvents: atClient)
        + toClient.take(atClient, senderEvents: atServer)
      try #require(moved + consumed + atServer.count + atClient.count > 0, "stuck")
    }
    #expect(toServer.received == upload)
    #expect(toClient.received == download)
    #expect(!pair.client.wantsWrite && !pair.server.wantsWrite)
  }

  @Test func `a closed stream gives its share of the connection's window back`() throws {
    var server = SessionConfiguration.defaults
    server.connectionWindow = 100_000
    let pair = SessionPair(server: server)
    let first = try pair.open()
    _ = try self.sendUntilStopped(pair.client, first, pair)
    let held = pair.takeServerEvents().dataCount(first)
    pair.client.reset(first, code: .cancel)
    try pair.exchange()
    #expect(pair.takeServerEvents() == [.closed(first, .cancel)])
    let second = try pair.open()
    _ = try self.sendUntilStopped(pair.client, second, pair)
    #expect(pair.takeServerEvents().dataCount(second) == 100_000 - held)
    pair.server.consume(held, on: first)
    try pair.exchange()
    #expect(pair.takeServerEvents().dataCount(second) > 0)
  }

  @Test func `data for a stream that the reader reset costs no window`() throws {
    var server = SessionConfiguration.defaults
    server.connectionWindow = 70_000
    let pair = SessionPair(server: server)
    for _ in 0..<10 {
      let id = try pair.open()
      pair.server.reset(id, code: .cancel)
      // Already on its way when the reset comes.
      try pair.client.send(.pattern(60_000), on: id, endStream: false)
      try pair.exchange()
      #expect(pair.takeServerEvents().dataCount(id) == 0)
      #expect(pair.takeClientEvents() == [.closed(id, .cancel)])
    }
    let id = try pair.open()
    // Half of the window may wait to be given back together.
    try pair.client.send(.pattern(30_000), on: id, endStream: true)
    try pair.exchange()
    #expect(pair.takeServerEvents().dataCount(id) == 30_000)
  }
}

/// A body on its way from a producer that waits when told to, to a consumer that is one turn late.
private struct Transfer {
  private let sender: Session
  private let receiver: Session
  private let id: StreamID
  private var rest: ByteBuffer
  private var mayGoOn = true
  private var hasEnded = false
  private var unconsumed = 0
  private(set) var received = ByteBuffer()
  private(set) var isEnded = false

  init(from sender: Session, to receiver: Session, id: StreamID, body: ByteBuffer) {
    self.sender = sender
    self.receiver = receiver
    self.id = id
    self.rest = body
  }

  mutating func produce() throws -> Int {
    var count = 0
    while self.mayGoOn, !self.hasEnded {
      let piece = self.rest.readUpTo(30_000)
      count += piece.readableBytes
      self.hasEnded = self.rest.readableBytes == 0
      self.mayGoOn = try self.sender.send(piece, on: self.id, endStream: self.hasEnded)
    }
    return count
  }

  /// - Returns: how many bytes of the turn before were consumed.
  mutating func take(_ events: [SessionEvent], senderEvents: [SessionEvent]) throws -> Int {
    let consumed = self.unconsumed
    self.receiver.consume(consumed, on: self.id)
    self.unconsumed = 0
    for event in events {
      switch event {
      case .data(self.id, let bytes):
        self.received.writeImmutableBuffer(bytes)
        self.unconsumed += bytes.readableBytes
      case .endStream(self.id):
        self.isEnded = true
      case .writable, .closed(_, .noError):
        break
      default:
        Issue.record("\(event)")
      }
    }
    if senderEvents.contains(.writable(self.id)) {
      try #require(!self.mayGoOn)
      self.mayGoOn = true
    }
    return consumed
  }
}
