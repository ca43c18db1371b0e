internal import FuzzKit
internal import NIOCore

/// The frames that a server writes, checked as a client would (RFC 9113, sections 4.1 and 5.1).
final class WrittenFrames {
  private var rest = ByteBuffer()
  private var hasSettings = false
  private var hasAnswered: Set<UInt32> = []
  private var hasEnded: Set<UInt32> = []
  /// Whether the peer is told in HTTP/1 that this is none of it.
  private var isHTTP1 = false

  func take(_ bytes: ByteBuffer) {
    self.rest.writeImmutableBuffer(bytes)
    if !self.hasSettings, self.rest.readableBytesView.starts(with: "HTTP/1.1 505".utf8) {
      self.isHTTP1 = true
    }
    guard !self.isHTTP1 else { return }
    while let head = self.rest.getBytes(at: self.rest.readerIndex, length: 9) {
      let length = head[..<3].reduce(0) { $0 << 8 | Int($1) }
      guard self.rest.readableBytes >= 9 + length else { break }
      self.rest.moveReaderIndex(forwardBy: 9 + length)
      self.check(
        type: head[3], flags: head[4], stream: head[5...].reduce(0) { $0 << 8 | UInt32($1) },
        length: length)
    }
    self.rest.discardReadBytes()
  }

  private func check(type: UInt8, flags: UInt8, stream: UInt32, length: Int) {
    FuzzKit.check(length <= 16 << 10, "a frame of \(length) bytes")
    if !self.hasSettings { FuzzKit.check(type == 0x4 && flags == 0, "SETTINGS do not come first") }
    self.hasSettings = true
    switch type {
    case 0x0:
      FuzzKit.check(self.hasAnswered.contains(stream), "DATA before HEADERS on \(stream)")
      FuzzKit.check(!self.hasEnded.contains(stream), "DATA after the end on \(stream)")
    case 0x1:
      FuzzKit.check(stream % 2 == 1, "HEADERS on \(stream)")
      FuzzKit.check(!self.hasEnded.contains(stream), "HEADERS after the end on \(stream)")
      self.hasAnswered.insert(stream)
    case 0x3:
      FuzzKit.check(stream != 0, "RST_STREAM on the connection")
      self.hasEnded.insert(stream)
    case 0x4, 0x6, 0x7: FuzzKit.check(stream == 0, "a frame of the connection on \(stream)")
    case 0x8, 0x9: break
    default: FuzzKit.check(false, "a frame of type \(type)")
    }
    if type <= 1, flags & 0x1 != 0 { self.hasEnded.insert(stream) }
  }
}
