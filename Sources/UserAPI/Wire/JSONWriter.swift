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
    self.separate()
    self.buffer.writeInteger(UInt8(ascii: "\""))
    self.buffer.writeStaticString(key)
    self.buffer.writeStaticString("\":")
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
    self.buffer.writeInteger(UInt8(ascii: "\""))
    var value = value
    value.withUTF8 { bytes in
      var start = 0
      for (index, byte) in bytes.enumerated()
      where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        self.buffer.writeBytes(UnsafeBufferPointer(rebasing: bytes[start..<index]))
        self.escape(byte)
        start = index + 1
      }
      self.buffer.writeBytes(UnsafeBufferPointer(rebasing: bytes[start...]))
    }
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
