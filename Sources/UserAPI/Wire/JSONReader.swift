package import NIOCore

/// A strict reader of JSON (RFC 8259): UTF-8 without a byte order mark, no comments, no trailing
/// commas, no lone surrogates, at most ``maximumDepth`` levels.
///
/// Foundation's decoder takes about as long for one small request as the rest of a call.
package struct JSONReader: ~Copyable, ~Escapable {
  /// How deep arrays and objects may nest.
  package static let maximumDepth = 32

  private let bytes: Span<UInt8>
  private var index = 0

  @_lifetime(copy bytes)
  private init(_ bytes: Span<UInt8>) {
    self.bytes = bytes
  }

  /// - Throws: `MALFORMED_JSON`, with the offset of the byte that does not fit.
  package static func read(_ buffer: ByteBuffer) throws(UserAPIError) -> JSONValue {
    var reader = JSONReader(buffer.readableBytesUInt8Span)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.index == reader.bytes.count else { throw reader.malformed() }
    return value
  }

  /// As ``read(_:)``, for a message, which is always an object.
  package static func readObject(_ buffer: ByteBuffer) throws(UserAPIError) -> JSONObject {
    guard case .object(let object) = try Self.read(buffer) else {
      throw UserAPIError(.malformedJSON, "the message must be a JSON object")
    }
    return object
  }

  private func malformed() -> UserAPIError {
    UserAPIError(.malformedJSON, "the message is not valid JSON at byte \(self.index)")
  }

  private var next: UInt8? {
    self.index < self.bytes.count ? self.bytes[self.index] : nil
  }

  private mutating func skipSpace() {
    while let byte = self.next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      self.index += 1
    }
  }

  private mutating func expect(_ byte: UInt8) throws(UserAPIError) {
    guard self.next == byte else { throw self.malformed() }
    self.index += 1
  }

  private mutating func expect(_ literal: StaticString) throws(UserAPIError) {
    for offset in 0..<literal.utf8CodeUnitCount {
      try self.expect(literal.utf8Start[offset])
    }
  }

  private mutating func value(depth: Int) throws(UserAPIError) -> JSONValue {
    self.skipSpace()
    switch self.next {
    case UInt8(ascii: "{"): return try self.object(depth: depth + 1)
    case UInt8(ascii: "["): return try self.array(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try self.string())
    case UInt8(ascii: "t"):
      try self.expect("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try self.expect("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try self.expect("null")
      return .null
    case .some(UInt8(ascii: "0")...UInt8(ascii: "9")), UInt8(ascii: "-"): return try self.number()
    default: throw self.malformed()
    }
  }

  private mutating func object(depth: Int) throws(UserAPIError) -> JSONValue {
    guard depth <= Self.maximumDepth else { throw self.malformed() }
    self.index += 1
    var members: [JSONObject.Member] = []
    self.skipSpace()
    if self.next == UInt8(ascii: "}") {
      self.index += 1
      return .object(JSONObject())
    }
    while true {
      self.skipSpace()
      let key = try self.string()
      self.skipSpace()
      try self.expect(UInt8(ascii: ":"))
      members.append(JSONObject.Member(key: key, value: try self.value(depth: depth)))
      self.skipSpace()
      if self.next == UInt8(ascii: ",") {
        self.index += 1
        continue
      }
      try self.expect(UInt8(ascii: "}"))
      return .object(JSONObject(members: members))
    }
  }

  private mutating func array(depth: Int) throws(UserAPIError) -> JSONValue {
    guard depth <= Self.maximumDepth else { throw self.malformed() }
    self.index += 1
    var values: [JSONValue] = []
    self.skipSpace()
    if self.next == UInt8(ascii: "]") {
      self.index += 1
      return .array([])
    }
    while true {
      values.append(try self.value(depth: depth))
      self.skipSpace()
      if self.next == UInt8(ascii: ",") {
        self.index += 1
        continue
      }
      try self.expect(UInt8(ascii: "]"))
      return .array(values)
    }
  }

  private mutating func digits() -> Bool {
    let start = self.index
    while let byte = self.next, (0x30...0x39).contains(byte) { self.index += 1 }
    return self.index > start
  }

  private mutating func number() throws(UserAPIError) -> JSONValue {
    let start = self.index
    if self.next == UInt8(ascii: "-") { self.index += 1 }
    if self.next == UInt8(ascii: "0") {
      self.index += 1
    } else if !self.digits() {
      throw self.malformed()
    }
    var isInteger = true
    if self.next == UInt8(ascii: ".") {
      isInteger = false
      self.index += 1
      guard self.digits() else { throw self.malformed() }
    }
    if self.next == UInt8(ascii: "e") || self.next == UInt8(ascii: "E") {
      isInteger = false
      self.index += 1
      if self.next == UInt8(ascii: "+") || self.next == UInt8(ascii: "-") { self.index += 1 }
      guard self.digits() else { throw self.malformed() }
    }
    let text = try self.text(start..<self.index)
    if isInteger, let integer = Int(text) { return .integer(integer) }
    guard let number = Double(text) else { throw self.malformed() }
    return .number(number)
  }

  private mutating func string() throws(UserAPIError) -> String {
    try self.expect(UInt8(ascii: "\""))
    let start = self.index
    while let byte = self.next {
      switch byte {
      case UInt8(ascii: "\""):
        let text = try self.text(start..<self.index)
        self.index += 1
        return text
      case UInt8(ascii: "\\"):
        return try self.escapedString(from: start)
      case 0x00...0x1F:
        throw self.malformed()
      default:
        self.index += 1
      }
    }
    throw self.malformed()
  }

  /// The rest of a string that has an escape at ``index``.
  private mutating func escapedString(from start: Int) throws(UserAPIError) -> String {
    var text = try self.text(start..<self.index)
    while let byte = self.next {
      switch byte {
      case UInt8(ascii: "\""):
        self.index += 1
        return text
      case UInt8(ascii: "\\"):
        self.index += 1
        text.unicodeScalars.append(try self.escape())
      case 0x00...0x1F:
        throw self.malformed()
      default:
        let run = self.index
        while let byte = self.next, byte >= 0x20, byte != UInt8(ascii: "\""),
          byte != UInt8(ascii: "\\")
        {
          self.index += 1
        }
        text += try self.text(run..<self.index)
      }
    }
    throw self.malformed()
  }

  private mutating func escape() throws(UserAPIError) -> Unicode.Scalar {
    guard let byte = self.next else { throw self.malformed() }
    self.index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let first = try self.hexadecimal()
      if let scalar = Unicode.Scalar(first) { return scalar }
      guard (0xD800...0xDBFF).contains(first) else { throw self.malformed() }
      try self.expect("\\u")
      let second = try self.hexadecimal()
      guard (0xDC00...0xDFFF).contains(second),
        let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
      else { throw self.malformed() }
      return scalar
    default: throw self.malformed()
    }
  }

  private mutating func hexadecimal() throws(UserAPIError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = self.next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue,
        byte < 0x80
      else { throw self.malformed() }
      value = value << 4 + UInt32(digit)
      self.index += 1
    }
    return value
  }

  private func text(_ range: Range<Int>) throws(UserAPIError) -> String {
    do {
      return String(copying: try UTF8Span(validating: self.bytes.extracting(range)))
    } catch {
      throw UserAPIError(.malformedJSON, "the message is not valid UTF-8", cause: error)
    }
  }
}
