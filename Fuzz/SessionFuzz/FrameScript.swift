internal import FuzzKit
internal import NIOCore
internal import UserAPI

/// Makes a client's frames of the fuzzer's bytes, so that most of them get past the framing.
struct FrameScript {
  private var input: FuzzInput
  private var nextStream: UInt32 = 1

  init(_ input: FuzzInput) {
    self.input = input
  }

  /// What comes next: frames to read, or something that this side does.
  enum Step {
    case read(ByteBuffer)
    case act(Action, on: Int)
  }

  enum Action: UInt8, CaseIterable {
    case answer, answerHead, sendBody, endBody, reset, consume
    case beginDrain, hurryDrain, block, unblock, close, passTime, acknowledge
  }

  mutating func next() -> Step? {
    guard !self.input.isEmpty else { return nil }
    let choice = self.input.byte()
    switch choice {
    case 0x00..<0x90: return .read(self.frame(choice & 0x0F))
    case 0x90..<0xC0: return .read(self.request(choice))
    case 0xC0..<0xE0:
      let action = Action.allCases[Int(choice & 0x1F) % Action.allCases.count]
      return .act(action, on: Int(self.input.byte()))
    default:
      // Bytes as they are, in the middle of things.
      let count = Int(choice & 0x1F)
      return .read(self.input.bytes(count))
    }
  }

  private mutating func frame(_ type: UInt8) -> ByteBuffer {
    let flags = self.input.byte()
    let stream = self.stream()
    let payload: ByteBuffer
    switch type {
    case 0x3: payload = self.number(self.input.long(), shortened: flags & 0x40 != 0)
    case 0x8: payload = self.number(self.input.long(), shortened: flags & 0x40 != 0)
    case 0x4 where flags & 0x41 == 0: payload = self.settings()
    case 0x0 where flags & 0x40 != 0: payload = ByteBuffer(repeating: 0x20, count: self.size())
    default: payload = self.input.bytes(Int(self.input.byte()))
    }
    return Self.frame(type, flags: flags, stream: stream, payload)
  }

  /// A request that makes sense but for what the fuzzer adds.
  private mutating func request(_ choice: UInt8) -> ByteBuffer {
    let stream = self.nextStream
    self.nextStream += 2
    let procedure = Procedure.allCases[Int(self.input.byte()) % Procedure.allCases.count]
    let contentType = ContentType.allCases[Int(choice & 0x3) % ContentType.allCases.count]
    let more = self.input.byte()
    var block = ByteBuffer()
    // Indexed fields of the static table, then literals without any (RFC 7541, section 6).
    block.writeBytes([0x83, 0x86])
    block.writeField(":path", procedure.path)
    block.writeField(":authority", "a")
    block.writeField("content-type", contentType.rawValue)
    if more & 0x1 != 0 { block.writeField("connect-timeout-ms", self.input.string()) }
    if more & 0x2 != 0 { block.writeImmutableBuffer(self.input.bytes(Int(self.input.byte()))) }
    let isWhole = choice & 0x4 != 0
    var bytes: ByteBuffer
    if more & 0x4 != 0, let first = block.readSlice(length: 7) {
      bytes = Self.frame(0x1, flags: isWhole ? 0x1 : 0, stream: stream, first)
      bytes.writeImmutableBuffer(Self.frame(0x9, flags: 0x4, stream: stream, block))
    } else {
      bytes = Self.frame(0x1, flags: isWhole ? 0x5 : 0x4, stream: stream, block)
    }
    if !isWhole, choice & 0x8 != 0 {
      let message = self.input.bytes(Int(self.input.byte()))
      var body = ByteBuffer()
      if contentType.isFramed {
        body.writeInteger(UInt8(0))
        body.writeInteger(UInt32(message.readableBytes))
      }
      body.writeImmutableBuffer(message)
      bytes.writeImmutableBuffer(Self.frame(0x0, flags: 0x1, stream: stream, body))
    }
    return bytes
  }

  private mutating func stream() -> UInt32 {
    let choice = self.input.byte()
    switch choice {
    case 0: return 0
    case 0x01..<0x80: return UInt32(choice)
    case 0x80..<0xC0:
      // One that was opened.
      return self.nextStream > 2 ? self.nextStream - 2 : 1
    case 0xC0..<0xF0:
      self.nextStream += 2
      return self.nextStream - 2
    default: return self.input.long()
    }
  }

  private mutating func settings() -> ByteBuffer {
    var payload = ByteBuffer()
    for _ in 0..<(self.input.byte() % 8) {
      payload.writeInteger(UInt16(self.input.byte() & 0xF))
      payload.writeInteger(self.input.long())
    }
    return payload
  }

  private mutating func size() -> Int {
    min(Int(self.input.short()), (16 << 10) + 1)
  }

  private func number(_ number: UInt32, shortened: Bool) -> ByteBuffer {
    var payload = ByteBuffer(integer: number)
    if shortened { _ = payload.readInteger(as: UInt8.self) }
    return payload
  }

  static func frame(
    _ type: UInt8, flags: UInt8, stream: UInt32, _ payload: ByteBuffer
  ) -> ByteBuffer {
    var bytes = ByteBuffer()
    bytes.writeInteger(UInt8(payload.readableBytes >> 16))
    bytes.writeInteger(UInt16(payload.readableBytes & 0xFFFF))
    bytes.writeInteger(type)
    bytes.writeInteger(flags)
    bytes.writeInteger(stream)
    bytes.writeImmutableBuffer(payload)
    return bytes
  }
}

extension ByteBuffer {
  /// A literal field without indexing, spelled out.
  fileprivate mutating func writeField(_ name: String, _ value: String) {
    self.writeInteger(UInt8(0))
    for text in [name, value] {
      let count = text.utf8.count
      if count < 127 {
        self.writeInteger(UInt8(count))
      } else {
        self.writeBytes([127, UInt8((count - 127) & 127) | 128, UInt8((count - 127) >> 7)])
      }
      self.writeString(text)
    }
  }
}
