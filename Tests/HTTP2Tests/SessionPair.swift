import HTTP2
import NIOCore
import Testing

/// A client and a server session with nothing between them but a loop that carries bytes.
final class SessionPair {
  /// How the bytes are cut on their way. What they mean must not depend on it.
  enum Cut: CaseIterable {
    case whole, random, byteByByte
  }

  let client: Session
  let server: Session
  private let cut: Cut
  private var random = SeededRandom(seed: 42)
  private var clientEvents: [SessionEvent] = []
  private var serverEvents: [SessionEvent] = []

  init(
    cut: Cut = .whole, client: SessionConfiguration = .defaults,
    server: SessionConfiguration = .defaults
  ) {
    self.cut = cut
    self.client = Session(role: .client, configuration: client)
    self.server = Session(role: .server, configuration: server)
  }

  /// What the client was told since the last look; data of a stream in one piece.
  func takeClientEvents() -> [SessionEvent] {
    defer { self.clientEvents = [] }
    return self.clientEvents
  }

  /// What the server was told since the last look; data of a stream in one piece.
  func takeServerEvents() -> [SessionEvent] {
    defer { self.serverEvents = [] }
    return self.serverEvents
  }

  /// Carries bytes both ways until neither side has any.
  func exchange() throws {
    var carried = 1
    while carried > 0 {
      carried = try self.carry(from: self.client, to: self.server, &self.serverEvents)
      carried += try self.carry(from: self.server, to: self.client, &self.clientEvents)
      self.drain(self.client, into: &self.clientEvents)
      self.drain(self.server, into: &self.serverEvents)
    }
  }

  /// Opens a stream, brings its headers over, and forgets the events of that.
  func open(endStream: Bool = false) throws -> StreamID {
    let id = try self.client.submitRequest(.request, endStream: endStream)
    try self.exchange()
    try #require(self.takeServerEvents() == [.headers(id, .request, endStream: endStream)])
    return id
  }

  /// As ``open(endStream:)``, and the server's headers come back.
  func openAndAnswer(endStream: Bool = false) throws -> StreamID {
    let id = try self.open(endStream: endStream)
    try self.server.submitResponse(.response, on: id, endStream: false)
    try self.exchange()
    try #require(self.takeClientEvents() == [.headers(id, .response, endStream: false)])
    return id
  }

  private func carry(
    from sender: Session, to receiver: Session, _ events: inout [SessionEvent]
  ) throws -> Int {
    var bytes = ByteBuffer()
    try #require(sender.writePending(into: &bytes, limit: 64 << 10))
    let count = bytes.readableBytes
    while bytes.readableBytes > 0 {
      let size =
        switch self.cut {
        case .whole: bytes.readableBytes
        case .random: Int.random(in: 1...40, using: &self.random)
        case .byteByByte: 1
        }
      try receiver.receive(bytes.readUpTo(size))
      self.drain(receiver, into: &events)
    }
    return count
  }

  private func drain(_ session: Session, into events: inout [SessionEvent]) {
    while let event = session.nextEvent() {
      if case .data(let id, let more) = event, case .data(id, var sum)? = events.last {
        events.removeLast()
        sum.writeImmutableBuffer(more)
        events.append(.data(id, sum))
      } else {
        events.append(event)
      }
    }
  }
}
