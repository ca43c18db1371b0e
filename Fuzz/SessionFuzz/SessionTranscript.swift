internal import FuzzKit
internal import HTTP2
internal import NIOCore

/// All that a session says to bytes that it reads without an answer between them.
struct SessionTranscript {
  private var events: [SessionEvent] = []
  private var error: SessionError?
  private var written = ByteBuffer()
  private var isFinished = false
  /// How many bytes it has read, up to the first GOAWAY.
  private var readBytes = 0
  private var hasGoAway = false

  static func check(_ bytes: ByteBuffer, seed: UInt8) {
    let slow = SessionTranscript(bytes.pieces(.byteByByte, seed: seed))
    slow.checkOrder()
    // What comes behind a GOAWAY libnghttp2 reads only in the same call, if no stream is open.
    let bytes = bytes.getSlice(at: bytes.readerIndex, length: slow.readBytes) ?? bytes
    for cut in [Cut.whole, .random] {
      let other = SessionTranscript(bytes.pieces(cut, seed: seed))
      FuzzKit.check(
        other.isSame(as: slow), "\(cut):\n\(other)\ninstead of\n\(slow)")
    }
  }

  private func isSame(as other: SessionTranscript) -> Bool {
    guard self.error == nil, other.error == nil else {
      // A flood is counted ahead of what libnghttp2 reads: what came shortly before may be untold.
      return self.error == other.error && self.limits == other.limits
    }
    return self.events == other.events && self.written == other.written
      && self.isFinished == other.isFinished
  }

  private var limits: [ConnectionLimit] {
    self.events.compactMap { event in
      if case .limitExceeded(let limit) = event { limit } else { nil }
    }
  }

  private init(_ pieces: [ByteBuffer]) {
    let session = Session(role: .server)
    for piece in pieces where !self.hasGoAway {
      self.readBytes += piece.readableBytes
      do throws(SessionError) {
        try session.receive(piece, at: .uptimeNanoseconds(1))
      } catch {
        self.error = error
      }
      while let event = session.nextEvent() { self.append(event) }
      if self.error != nil { return }
    }
    // A session that is beyond use may have written anything before it was.
    _ = session.writePending(into: &self.written, limit: .max)
    while let event = session.nextEvent() { self.append(event) }
    self.isFinished = session.isFinished
  }

  /// Bodies are compared as a whole.
  private mutating func append(_ event: SessionEvent) {
    if case .goAway = event { self.hasGoAway = true }
    if case .data(let id, let more) = event, case .data(id, var sum)? = self.events.last {
      sum.writeImmutableBuffer(more)
      self.events[self.events.count - 1] = .data(id, sum)
    } else {
      self.events.append(event)
    }
  }

  /// The events of each stream come in the order that ``SessionEvent`` promises.
  private func checkOrder() {
    var stories: [StreamID: StreamStory] = [:]
    for event in self.events {
      switch event {
      case .headers(let id, _, let endStream):
        stories[id, default: StreamStory()].headers(endStream: endStream)
      case .data(let id, _): stories[id, default: StreamStory()].data()
      case .endStream(let id): stories[id, default: StreamStory()].end()
      case .closed(let id, _): stories[id, default: StreamStory()].closed()
      case .writable(let id): FuzzKit.check(false, "\(id) had nothing to write")
      case .goAway, .limitExceeded, .pingAcknowledged: break
      }
    }
  }
}
