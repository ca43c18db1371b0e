import NIOCore
import Testing

/// What a client made by hand says, and the one answer that the RFC allows.
struct ConformanceCase: Sendable, CustomTestStringConvertible {
  /// An error code by its number on the wire (RFC 9113, section 7).
  enum Code: UInt32, Sendable {
    case noError, protocolError, internalError, flowControlError, settingsTimeout, streamClosed
    case frameSizeError, refusedStream, cancel, compressionError, connectError, enhanceYourCalm
  }

  enum Expectation: Sendable {
    /// RST_STREAM on that stream and nothing else; the connection goes on.
    case streamError(UInt32, Code)
    /// GOAWAY with that code and that last stream, and the connection is closed.
    case connectionError(Code, last: UInt32 = 0)
    /// The connection is closed without a GOAWAY.
    case closed
    /// Not a word; the connection goes on.
    case ignored
    /// These requests are answered in this order, no stream is reset, and the connection goes on.
    case answered([UInt32])
    /// The body of that stream comes in DATA frames of these sizes; the connection goes on.
    case body(UInt32, [Int])
  }

  /// The section of RFC 9113, or of RFC 7541 after `HPACK`, and what happens.
  let name: String
  /// Frames that go out together; each group when the one before it has been dealt with.
  let steps: [[Frame]]
  let expected: Expectation
  /// What the client says first; nil for a preface as it should be.
  var opening: [UInt8]?
  /// SETTINGS_MAX_CONCURRENT_STREAMS of the server.
  var maxConcurrentStreams: UInt32 = 256
  /// SETTINGS_INITIAL_WINDOW_SIZE of the server.
  var streamWindow: UInt32 = 64 << 10

  init(_ name: String, _ frames: Frame..., gives expected: Expectation) {
    self.name = name
    self.steps = [frames]
    self.expected = expected
  }

  init(_ name: String, steps: [Frame]..., gives expected: Expectation) {
    self.name = name
    self.steps = steps
    self.expected = expected
  }

  /// A case about the first bytes of a connection. SETTINGS are not acknowledged.
  init(_ name: String, opening: [UInt8], then frames: Frame..., gives expected: Expectation) {
    self.name = name
    self.steps = frames.isEmpty ? [] : [frames]
    self.expected = expected
    self.opening = opening
  }

  /// The same before a server that allows so many streams at once.
  func allowing(streams: UInt32) -> ConformanceCase {
    var other = self
    other.maxConcurrentStreams = streams
    return other
  }

  /// The same before a server with that window for each stream.
  func with(streamWindow: UInt32) -> ConformanceCase {
    var other = self
    other.streamWindow = streamWindow
    return other
  }

  var testDescription: String { self.name }

  static let all =
    Self.preface + Self.frameSize + Self.streamStates + Self.streamIdentifiers
    + Self.concurrency + Self.priority + Self.data + Self.resets + Self.settings
    + Self.pings + Self.goAways + Self.flowControl + Self.headerBlocks + Self.fields
    + Self.pseudoHeaders + Self.messages + Self.extensions + Self.hpack
}
