import HTTP2
import NIOCore

/// A server session without a socket; the bytes arrive whole or one by one.
final class MemoryWire: ConformanceWire {
  private let session: Session
  private let isBytewise: Bool
  private var answers: [StreamID: ConformanceAnswer] = [:]
  private var written = ByteBuffer()
  private var isClosed = false

  init(configuration: SessionConfiguration, isBytewise: Bool) {
    self.session = Session(role: .server, configuration: configuration)
    self.isBytewise = isBytewise
  }

  func exchange(_ bytes: ByteBuffer, until ping: Frame) throws -> ConformanceReply {
    var rest = bytes
    while rest.readableBytes > 0, !self.isClosed {
      try self.receive(rest.readUpTo(self.isBytewise ? 1 : rest.readableBytes))
    }
    return ConformanceReply(frames: self.written.readFrames(), isClosed: self.isClosed)
  }

  private func receive(_ bytes: ByteBuffer) throws {
    do {
      try self.session.receive(bytes)
    } catch {
      self.isClosed = true
      return
    }
    self.handleEvents()
    let isUsable = self.session.writePending(into: &self.written, limit: 1 << 20)
    self.handleEvents()
    self.isClosed = !isUsable || self.session.isFinished
  }

  private func handleEvents() {
    while let event = self.session.nextEvent() {
      switch event {
      case .headers(let id, let headers, let endStream):
        if self.answers[id] == nil {
          self.answers[id] = ConformanceAnswer(headers)
          if self.answers[id] == .reset { self.session.reset(id, code: .cancel) }
        }
        if endStream { self.answer(id) }
      case .data(let id, let bytes):
        self.session.consume(bytes.readableBytes, on: id)
      case .endStream(let id):
        self.answer(id)
      case .closed(let id, _):
        self.answers[id] = nil
      case .writable, .goAway, .limitExceeded, .pingAcknowledged:
        break
      }
    }
  }

  private func answer(_ id: StreamID) {
    do {
      switch self.answers[id] {
      case .headers:
        try self.session.submitResponse(.response, on: id, endStream: true)
      case .body:
        try self.session.submitResponse(.response, on: id, endStream: false)
        try self.session.send(
          ByteBuffer(string: ConformanceAnswer.text), on: id, endStream: true)
      case .reset, .nothing, nil:
        break
      }
    } catch {
      // The stream was reset in the same read; what the case says about it is checked elsewhere.
    }
  }
}
