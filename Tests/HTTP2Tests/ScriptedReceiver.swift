import HTTP2
import NIOCore
import Testing

/// Records what a stream tells and answers as a test's script says. It refuses to hear anything
/// after the end.
final class ScriptedReceiver: StreamReceiver {
  enum Call: Equatable {
    case headers(Headers, endStream: Bool)
    case data(ByteBuffer)
    case end
    case writable
    case closed(StreamCloseReason)
  }

  typealias Script = (HTTP2Stream, Call) -> Void

  let stream: HTTP2Stream
  private(set) var calls: [Call] = []
  /// How many calls had come when the connection began to end.
  private(set) var callsBeforeDrain: Int?
  private let script: Script

  init(_ stream: HTTP2Stream, script: @escaping Script = { _, _ in }) {
    self.stream = stream
    self.script = script
  }

  var dataCount: Int {
    self.calls.reduce(0) { sum, call in
      if case .data(let bytes) = call { sum + bytes.readableBytes } else { sum }
    }
  }

  func receivedHeaders(_ headers: Headers, endStream: Bool) {
    self.record(.headers(headers, endStream: endStream))
  }

  func receivedData(_ data: ByteBuffer) {
    self.record(.data(data))
  }

  func receivedEnd() {
    self.record(.end)
  }

  func becameWritable() {
    self.record(.writable)
  }

  func drainBegan() {
    if self.callsBeforeDrain != nil { Issue.record("a drain begins once") }
    self.callsBeforeDrain = self.calls.count
  }

  func streamClosed(_ reason: StreamCloseReason) {
    self.record(.closed(reason))
  }

  private func record(_ call: Call) {
    if case .closed = self.calls.last { Issue.record("\(call) after the end") }
    self.calls.append(call)
    self.script(self.stream, call)
  }
}
