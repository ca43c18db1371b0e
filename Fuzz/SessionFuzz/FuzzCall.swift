internal import FuzzKit
internal import HTTP2
internal import NIOCore
internal import UserAPI

/// A call as the server has it, without a procedure behind: its answer comes at once or when the
/// fuzzer says.
final class FuzzCall: StreamReceiver {
  private(set) var story = StreamStory()
  private let stream: HTTP2Stream
  private let answersAtOnce: Bool
  private var machine = ServerCallMachine(
    body: RequestBody(contentType: .json, limit: 0, allowsEmpty: false), discardLimit: 512)
  private var encoder = ResponseEncoder(contentType: .json)
  private var isKnown = false
  private var message: ByteBuffer?
  private var hasAnswered = false
  private var received = 0
  private var consumed = 0

  init(_ stream: HTTP2Stream, answersAtOnce: Bool) {
    self.stream = stream
    self.answersAtOnce = answersAtOnce
  }

  // MARK: What comes

  func receivedHeaders(_ headers: Headers, endStream: Bool) {
    self.story.headers(endStream: endStream)
    if !self.isKnown {
      self.isKnown = true
      var fields = CallHead.Fields()
      for field in headers.fields { fields.add(field.name, field.value) }
      switch CallHead.read(fields) {
      case .success(let head):
        self.encoder = ResponseEncoder(contentType: head.contentType)
        self.machine = ServerCallMachine(
          body: RequestBody(
            contentType: head.contentType, limit: 256, allowsEmpty: !head.procedure.hasInput),
          discardLimit: 512)
      case .failure(let refusal):
        self.encoder = ResponseEncoder(contentType: refusal.contentType)
        self.finish(refusal.error)
      }
    }
    if endStream { self.takeEnd() }
  }

  func receivedData(_ data: ByteBuffer) {
    self.story.data()
    self.received += data.readableBytes
    if self.answersAtOnce { self.consume() }
    switch self.machine.receivedData(data) {
    case .none: break
    case .fail(let error): self.finish(error)
    case .reset: self.stream.reset(.noError)
    }
  }

  func receivedEnd() {
    self.story.end()
    self.takeEnd()
  }

  private func takeEnd() {
    switch self.machine.receivedEnd() {
    case .none: break
    case .run(let message):
      self.message = message
      self.stream.isBusy = true
      if self.answersAtOnce { self.answer(0) }
    case .fail(let error): self.finish(error)
    }
  }

  func becameWritable() {
    check(!self.story.isClosed, "a closed stream became writable")
  }

  func streamClosed(_ reason: StreamCloseReason) {
    self.story.closed()
    check(!self.stream.isOpen, "a closed stream is open")
    _ = self.machine.closed()
    self.stream.isBusy = false
  }

  // MARK: What goes

  /// Answers with a message `size` times as long as the request's.
  func answer(_ size: Int) {
    guard let message else { return }
    self.answerHead()
    var whole = message
    for _ in 0..<size { whole.writeImmutableBuffer(message) }
    if self.stream.mayBuffer(whole.readableBytes) { self.stream.send(whole, endStream: false) }
    self.finish(nil)
  }

  func answerHead() {
    guard !self.hasAnswered else { return }
    self.hasAnswered = true
    self.stream.sendHeaders(
      [":status": "200", "content-type": self.encoder.contentType.rawValue], endStream: false)
  }

  func send(_ count: Int) {
    guard self.hasAnswered else { return }
    self.stream.send(ByteBuffer(repeating: 0x20, count: count * 8), endStream: false)
  }

  func endBody() {
    self.finish(nil)
  }

  func reset() {
    self.stream.reset(.cancel)
  }

  func consume() {
    self.stream.consume(self.received - self.consumed)
    self.consumed = self.received
  }

  private func finish(_ error: UserAPIError?) {
    switch self.machine.answer() {
    case .drop: return
    case .send: break
    }
    self.answerHead()
    self.stream.send(self.encoder.end(error), endStream: true)
    self.message = nil
    self.stream.isBusy = false
  }

  func checkConsumed() {
    check(self.consumed <= self.received, "more is given back than came")
  }
}
