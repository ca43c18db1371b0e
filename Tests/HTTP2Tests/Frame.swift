import NIOCore

/// An HTTP/2 frame as a test writes and reads it, without the code under test
/// (RFC 9113, section 4.1).
struct Frame: Equatable, Sendable {
  struct Flags: OptionSet, Sendable {
    let rawValue: UInt8
    static let ack = Self(rawValue: 0x1)
    static let endStream = Self(rawValue: 0x1)
    static let endHeaders = Self(rawValue: 0x4)
    static let padded = Self(rawValue: 0x8)
  }

  var type: UInt8
  var flags: Flags = []
  var stream: UInt32 = 0
  var payload: [UInt8] = []

  static let magic = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

  static func data(_ stream: UInt32, _ payload: [UInt8], flags: Flags = []) -> Frame {
    Frame(type: 0x0, flags: flags, stream: stream, payload: payload)
  }

  static func headers(
    _ stream: UInt32, _ fields: [(String, String)], flags: Flags
  ) -> Frame {
    Frame(type: 0x1, flags: flags, stream: stream, payload: Self.literal(fields))
  }

  static func reset(_ stream: UInt32, _ code: UInt32) -> Frame {
    Frame(type: 0x3, stream: stream, payload: Self.bytes(code))
  }

  static func settings(_ values: KeyValuePairs<UInt16, UInt32>) -> Frame {
    Frame(
      type: 0x4,
      payload: values.flatMap { key, value in
        [UInt8(key >> 8), UInt8(key & 0xff)] + Self.bytes(value)
      })
  }

  static let settingsAck = Frame(type: 0x4, flags: .ack)

  static func ping(_ payload: [UInt8], flags: Flags = []) -> Frame {
    Frame(type: 0x6, flags: flags, payload: payload)
  }

  static func goAway(last: UInt32, _ code: UInt32) -> Frame {
    Frame(type: 0x7, payload: Self.bytes(last) + Self.bytes(code))
  }

  static func windowUpdate(_ stream: UInt32, _ count: UInt32) -> Frame {
    Frame(type: 0x8, stream: stream, payload: Self.bytes(count))
  }

  static func continuation(
    _ stream: UInt32, _ fields: [(String, String)], flags: Flags
  ) -> Frame {
    Frame(type: 0x9, flags: flags, stream: stream, payload: Self.literal(fields))
  }

  /// Fields spelled out, without any table (RFC 7541, section 6.2.2).
  static func literal(_ fields: [(String, String)]) -> [UInt8] {
    fields.flatMap { name, value in [0] + Self.text(name) + Self.text(value) }
  }

  private static func text(_ text: String) -> [UInt8] {
    var length: [UInt8] = []
    var rest = text.utf8.count
    if rest < 127 {
      length = [UInt8(rest)]
    } else {
      length = [127]
      rest -= 127
      while rest >= 128 {
        length.append(UInt8(rest & 127) | 128)
        rest >>= 7
      }
      length.append(UInt8(rest))
    }
    return length + text.utf8
  }

  private static func bytes(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// The last four bytes of the payload: the code of RST_STREAM and of a GOAWAY without a reason.
  var code: UInt32 {
    self.number(at: self.type == 0x7 ? 4 : 0)
  }

  /// The last stream that a GOAWAY names.
  var last: UInt32 { self.number(at: 0) }

  private func number(at offset: Int) -> UInt32 {
    self.payload.dropFirst(offset).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }
}

extension [Frame] {
  func of(type: UInt8) -> [Frame] {
    self.filter { $0.type == type }
  }
  var resets: [Frame] { self.of(type: 0x3) }
  var pings: [Frame] { self.of(type: 0x6) }
  var goAways: [Frame] { self.of(type: 0x7) }
  var windowUpdates: [Frame] { self.of(type: 0x8) }
}

extension ByteBuffer {
  init(frames: [Frame]) {
    self.init()
    for frame in frames { self.write(frame) }
  }

  mutating func write(_ frame: Frame) {
    self.writeInteger(UInt8(frame.payload.count >> 16))
    self.writeInteger(UInt16(frame.payload.count & 0xffff))
    self.writeInteger(frame.type)
    self.writeInteger(frame.flags.rawValue)
    self.writeInteger(frame.stream)
    self.writeBytes(frame.payload)
  }

  /// Reads all whole frames.
  mutating func readFrames() -> [Frame] {
    var frames: [Frame] = []
    while let high = self.getInteger(at: self.readerIndex, as: UInt8.self),
      let low = self.getInteger(at: self.readerIndex + 1, as: UInt16.self),
      self.readableBytes >= 9 + (Int(high) << 16 + Int(low))
    {
      self.moveReaderIndex(forwardBy: 3)
      guard let type = self.readInteger(as: UInt8.self),
        let flags = self.readInteger(as: UInt8.self),
        let stream = self.readInteger(as: UInt32.self),
        let payload = self.readBytes(length: Int(high) << 16 + Int(low))
      else { break }
      frames.append(
        Frame(type: type, flags: .init(rawValue: flags), stream: stream, payload: payload))
    }
    return frames
  }
}
