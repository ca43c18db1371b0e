package import NIOCore

/// The fuzzer's bytes, taken from the front as choices. Past their end every choice is zero.
package struct FuzzInput {
  private var rest: ByteBuffer

  package init(_ data: UnsafePointer<UInt8>?, _ count: Int) {
    self.rest = ByteBuffer(bytes: UnsafeBufferPointer(start: data, count: count))
  }

  package var isEmpty: Bool { self.rest.readableBytes == 0 }

  package mutating func byte() -> UInt8 {
    self.rest.readInteger() ?? 0
  }

  package mutating func short() -> UInt16 {
    self.rest.readInteger() ?? UInt16(self.byte())
  }

  package mutating func long() -> UInt32 {
    UInt32(self.short()) << 16 | UInt32(self.short())
  }

  /// As many bytes as there are, `count` at the most.
  package mutating func bytes(_ count: Int) -> ByteBuffer {
    self.rest.readSlice(length: min(count, self.rest.readableBytes)) ?? ByteBuffer()
  }

  /// A length byte and that many bytes.
  package mutating func string() -> String {
    let length = Int(self.byte())
    return String(buffer: self.bytes(length))
  }

  package mutating func remainder() -> ByteBuffer {
    self.bytes(self.rest.readableBytes)
  }
}
