import HTTP2
import NIOCore
import Testing

/// A client made by hand before a server session.
final class ForeignClient {
  static let request = [
    (":method", "POST"), (":scheme", "http"), (":authority", "example.test"), (":path", "/a"),
  ]

  let session: Session
  private(set) var events: [SessionEvent] = []

  /// - Parameter opens: whether the prefaces are exchanged already.
  init(opens: Bool = true, configuration: SessionConfiguration = .defaults) throws {
    self.session = Session(role: .server, configuration: configuration)
    guard opens else { return }
    try self.session.receive(ByteBuffer(string: Frame.magic))
    _ = try self.send(.settings([:]), .settingsAck)
  }

  /// - Returns: what the server has to say to these frames.
  func send(_ frames: Frame...) throws -> [Frame] {
    try self.session.receive(ByteBuffer(frames: frames))
    return try self.answer()
  }

  /// - Returns: what the server has to say.
  func answer() throws -> [Frame] {
    while let event = self.session.nextEvent() { self.events.append(event) }
    var bytes = ByteBuffer()
    try #require(self.session.writePending(into: &bytes, limit: 1 << 20))
    while let event = self.session.nextEvent() { self.events.append(event) }
    let frames = bytes.readFrames()
    #expect(bytes.readableBytes == 0)
    return frames
  }
}
