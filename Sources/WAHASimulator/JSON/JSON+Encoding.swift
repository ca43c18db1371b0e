package import NIOCore

extension JSON {
  /// The value as compact UTF-8 text.
  package var encoded: ByteBuffer {
    var buffer = ByteBuffer()
    self.encode(into: &buffer)
    return buffer
  }

  package func encode(into buffer: inout ByteBuffer) {
    switch self {
    case .null, .undefined: buffer.writeStaticString("null")
    case .bool(let value): buffer.writeStaticString(value ? "true" : "false")
    case .int(let number): buffer.writeString(String(number))
    case .double(let number): buffer.writeString(number.isFinite ? "\(number)" : "null")
    case .string(let text): Self.encode(text, into: &buffer)
    case .cut(let text):
      Self.encode(cut: text, into: &buffer)
    case .array(let items):
      buffer.writeInteger(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { buffer.writeInteger(UInt8(ascii: ",")) }
        item.encode(into: &buffer)
      }
      buffer.writeInteger(UInt8(ascii: "]"))
    case .object(let members):
      Self.encode(members, into: &buffer)
    }
  }

  private static func encode(_ members: [Member], into buffer: inout ByteBuffer) {
    buffer.writeInteger(UInt8(ascii: "{"))
    var isFirst = true
    for member in members {
      if case .undefined = member.value { continue }
      if !isFirst { buffer.writeInteger(UInt8(ascii: ",")) }
      isFirst = false
      Self.encode(member.key, into: &buffer)
      buffer.writeInteger(UInt8(ascii: ":"))
      member.value.encode(into: &buffer)
    }
    buffer.writeInteger(UInt8(ascii: "}"))
  }

  private static func encode(_ text: String, into buffer: inout ByteBuffer) {
    buffer.writeInteger(UInt8(ascii: "\""))
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
    {
      buffer.writeString(text)
    } else {
      for byte in text.utf8 { Self.encode(escaping: byte, into: &buffer) }
    }
    buffer.writeInteger(UInt8(ascii: "\""))
  }

  private static func encode(cut text: String, into buffer: inout ByteBuffer) {
    var left = text.unicodeScalars
    let last = left.popLast().map { Array(String($0).utf16) } ?? []
    Self.encode(String(left), into: &buffer)
    guard last.count == 2 else { return }
    // Before the closing quote.
    buffer.moveWriterIndex(to: buffer.writerIndex - 1)
    buffer.writeString("\\u" + String(last[0], radix: 16) + "\"")
  }

  private static func encode(escaping byte: UInt8, into buffer: inout ByteBuffer) {
    switch byte {
    case UInt8(ascii: "\""): buffer.writeStaticString("\\\"")
    case UInt8(ascii: "\\"): buffer.writeStaticString("\\\\")
    case UInt8(ascii: "\n"): buffer.writeStaticString("\\n")
    case UInt8(ascii: "\r"): buffer.writeStaticString("\\r")
    case UInt8(ascii: "\t"): buffer.writeStaticString("\\t")
    case 0..<0x20:
      let digits = String(byte, radix: 16)
      buffer.writeString("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
    default: buffer.writeInteger(byte)
    }
  }
}
