package import NIOCore

/// Writes JSON without spaces, members in the order of the calls, so that the same value is always
/// the same bytes.
package struct JSONWriter: ~Copyable {
  package private(set) var buffer: ByteBuffer
  /// Whether the next member or element stands behind another.
  private var needsComma = false

  package init(into buffer: ByteBuffer = ByteBuffer()) {
    self.buffer = buffer
  }

  package mutating func object(_ body: (inout JSONWriter) -> Void) {
    self.nested("{", "}", body)
  }

  package mutating func array<Elements: Sequence>(
    _ elements: Elements, _ body: (inout JSONWriter, Elements.Element) -> Void
  ) {
    self.nested("[", "]") { writer in
      for element in elements {
        writer.separate()
        body(&writer, element)
        writer.needsComma = true
      }
    }
  }

  private mutating func nested(
    _ open: StaticString, _ close: StaticString, _ body: (inout JSONWriter) -> Void
  ) {
    self.buffer.writeStaticString(open)
    self.needsComma = false
    body(&self)
    self.buffer.writeStaticString(close)
    self.needsComma = true
  }

  private mutating func separate() {
    if self.needsComma { self.buffer.writeInteger(UInt8(ascii: ",")) }
  }

  /// Begins a member; one of ``string(_:)``, ``object(_:)`` and so on gives its value.
  package mutating func key(_ key: StaticString) {
    let key = UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
    let start = self.needsComma ? 1 : 0
    self.buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: key.count + 4) { target in
      if start > 0 { target[0] = UInt8(ascii: ",") }
      target[start] = UInt8(ascii: "\"")
      UnsafeMutableRawBufferPointer(rebasing: target[(start + 1)...]).copyMemory(from: key)
      let end = start + 1 + key.count
      target[end] = UInt8(ascii: "\"")
      target[end + 1] = UInt8(ascii: ":")
      return end + 2
    }
    self.needsComma = true
  }

  package mutating func member(_ key: StaticString, _ value: String) {
    self.key(key)
    self.string(value)
  }

  /// Leaves the key out when there is no value.
  package mutating func member(_ key: StaticString, _ value: String?) {
    if let value { self.member(key, value) }
  }

  package mutating func member(_ key: StaticString, _ value: Int) {
    self.key(key)
    self.buffer.writeString(String(value))
  }

  /// Leaves the key out when there is no value.
  package mutating func member(_ key: StaticString, _ value: Int?) {
    if let value { self.member(key, value) }
  }

  package mutating func member(_ key: StaticString, _ value: Bool) {
    self.key(key)
    self.buffer.writeStaticString(value ? "true" : "false")
  }

  package mutating func null() {
    self.buffer.writeStaticString("null")
  }

  package mutating func string(_ value: String) {
    var value = value
    value.withUTF8 { bytes in
      if bytes.contains(where: Self.mustBeEscaped) {
        self.escaped(bytes)
      } else {
        self.buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.count + 2) { target in
          target[0] = UInt8(ascii: "\"")
          UnsafeMutableRawBufferPointer(rebasing: target[1...])
            .copyMemory(from: UnsafeRawBufferPointer(bytes))
          target[bytes.count + 1] = UInt8(ascii: "\"")
          return bytes.count + 2
        }
      }
    }
  }

  private static func mustBeEscaped(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }

  private mutating func escaped(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.buffer.writeInteger(UInt8(ascii: "\""))
    var start = 0
    for (index, byte) in bytes.enumerated() where Self.mustBeEscaped(byte) {
      self.buffer.writeBytes(UnsafeBufferPointer(rebasing: bytes[start..<index]))
      self.escape(byte)
      start = index + 1
    }
    self.buffer.writeBytes(UnsafeBufferPointer(rebasing: bytes[start...]))
    self.buffer.writeInteger(UInt8(ascii: "\""))
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): self.buffer.writeStaticString("\\\"")
    case UInt8(ascii: "\\"): self.buffer.writeStaticString("\\\\")
    case 0x0A: self.buffer.writeStaticString("\\n")
    case 0x0D: self.buffer.writeStaticString("\\r")
    case 0x09: self.buffer.writeStaticString("\\t")
    default:
      self.buffer.writeStaticString("\\u00")
      self.buffer.writeInteger(Self.hexDigit(byte >> 4))
      self.buffer.writeInteger(Self.hexDigit(byte & 0xF))
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
