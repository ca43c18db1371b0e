package import NIOCore

/// A strict reader of JSON (RFC 8259): UTF-8 without a byte order mark, no comments, no trailing
/// commas, and whatever its ``Rules`` say.
///
/// Foundation's decoder takes about as long for one small request as the rest of a call.
package struct JSONReader: ~Copyable, ~Escapable {
  /// What two writers of JSON may differ in.
  private struct Rules {
    /// How deep arrays and objects may nest.
    var maximumDepth: Int
    /// Whether half a pair of surrogates is read as U+FFFD. Otherwise it is an error.
    var replacesLoneSurrogates: Bool
    /// The members of objects that are read; the values of the others are only looked at for
    /// whether they are JSON. Nil reads all.
    var keys: JSONKeys?
    /// Those of them whose values may be objects; nothing is built of another's object, or of an
    /// array. Nil builds all.
    var objects: JSONKeys?
    /// How many members an object has at most; nothing is built of more.
    var maximumMembers = Int.max

    /// The User API's own.
    static var strict: Self {
      Self(maximumDepth: JSONReader.maximumDepth, replacesLoneSurrogates: false, keys: nil)
    }
  }

  /// What holds the elements of a list.
  package enum Container: Sendable, Equatable {
    case array, object
  }

  /// How deep arrays and objects may nest in a message.
  package static let maximumDepth = 32
  /// How deep they may nest in a list of somebody else's.
  package static let maximumListDepth = 128
  /// How many members are built of an object that is one of a list of somebody else's.
  package static let maximumListMembers = 32
  /// How deep what is built of such a list nests: the list, an element, an object in it, and one
  /// in that.
  private static let maximumBuiltDepth = 4

  private let bytes: Span<UInt8>
  private let rules: Rules
  private var index = 0

  @_lifetime(copy bytes)
  private init(_ bytes: Span<UInt8>, _ rules: Rules) {
    self.bytes = bytes
    self.rules = rules
  }

  /// - Throws: `MALFORMED_JSON`, with the offset of the byte that does not fit.
  package static func read(_ buffer: ByteBuffer) throws(UserAPIError) -> JSONValue {
    try Self.read(buffer.readableBytesUInt8Span)
  }

  private static func read(_ text: Span<UInt8>) throws(UserAPIError) -> JSONValue {
    var reader = JSONReader(text, .strict)
    let value = try reader.value(depth: 0)
    try reader.end()
    return value
  }

  /// Visits the elements of an array, or the values of an object, in their order, and keeps none
  /// of them. What the text holds of other members than `keys`, on whichever level, is not built.
  ///
  /// With `objects`, nothing is built either of elements that are no objects, of arrays, and of
  /// objects but for those under these keys: they are visited empty, or as null. Of an object with
  /// more than ``maximumListMembers`` members that are wanted, the first are built.
  ///
  /// JavaScript cuts names in the middle of a pair of surrogates, so half of one is read as U+FFFD;
  /// and up to ``maximumListDepth`` levels are read.
  ///
  /// - Throws: `MALFORMED_JSON` when the text is no whole array or object, after what stands
  ///   before that place was visited; what `visit` throws.
  package static func forEachElement(
    of text: [UInt8], keys: JSONKeys, objects: JSONKeys? = nil,
    _ visit: (JSONValue) throws(UserAPIError) -> Void
  ) throws(UserAPIError) -> Container {
    let rules = Rules(
      maximumDepth: Self.maximumListDepth, replacesLoneSurrogates: true, keys: keys,
      objects: objects, maximumMembers: objects == nil ? .max : Self.maximumListMembers)
    var reader = JSONReader(text.span, rules)
    let container = try reader.elements(visit)
    try reader.end()
    return container
  }

  /// As ``read(_:)``, for a message, which is always an object.
  package static func readObject(_ buffer: ByteBuffer) throws(UserAPIError) -> JSONObject {
    try Self.readObject(buffer.readableBytesUInt8Span)
  }

  /// The same for one that is in an array.
  package static func readObject(_ text: [UInt8]) throws(UserAPIError) -> JSONObject {
    try Self.readObject(text.span)
  }

  private static func readObject(_ text: Span<UInt8>) throws(UserAPIError) -> JSONObject {
    guard case .object(let object) = try Self.read(text) else {
      throw UserAPIError(.malformedJSON, "the message must be a JSON object")
    }
    return object
  }

  /// Reads an object of somebody else's by the rules of ``forEachElement(of:keys:objects:_:)`` for an
  /// element of a list.
  ///
  /// - Throws: `MALFORMED_JSON` when the text is no object.
  package static func readObject(
    _ text: [UInt8], keys: JSONKeys, objects: JSONKeys
  ) throws(UserAPIError) -> JSONObject {
    let rules = Rules(
      maximumDepth: Self.maximumListDepth, replacesLoneSurrogates: true, keys: keys,
      objects: objects, maximumMembers: Self.maximumListMembers)
    var reader = JSONReader(text.span, rules)
    reader.skipSpace()
    // Anything else may be long, and nothing of it would be wanted.
    guard reader.next == UInt8(ascii: "{"), case .object(let object) = try reader.value(depth: 0)
    else { throw UserAPIError(.malformedJSON, "the message must be a JSON object") }
    try reader.end()
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

  /// Takes what may stand behind the text's one value.
  private mutating func end() throws(UserAPIError) {
    self.skipSpace()
    guard self.index == self.bytes.count else { throw self.malformed() }
  }

  private mutating func elements(
    _ visit: (JSONValue) throws(UserAPIError) -> Void
  ) throws(UserAPIError) -> Container {
    self.skipSpace()
    let container: Container
    let close: UInt8
    switch self.next {
    case UInt8(ascii: "["): (container, close) = (.array, UInt8(ascii: "]"))
    case UInt8(ascii: "{"): (container, close) = (.object, UInt8(ascii: "}"))
    default: throw self.malformed()
    }
    self.index += 1
    self.skipSpace()
    if self.next == close {
      self.index += 1
      return container
    }
    while true {
      if container == .object {
        self.skipSpace()
        _ = try self.skipString()
        self.skipSpace()
        try self.expect(UInt8(ascii: ":"))
      }
      self.skipSpace()
      let isKept = self.rules.objects == nil || self.next == UInt8(ascii: "{")
      try visit(try self.value(depth: 1, isKept: isKept))
      self.skipSpace()
      if self.next == UInt8(ascii: ",") {
        self.index += 1
        continue
      }
      try self.expect(close)
      return container
    }
  }

  /// - Parameter isKept: Whether anybody wants the value; of one that nobody does nothing is
  ///   built, and what it returns means nothing.
  private mutating func value(depth: Int, isKept: Bool = true) throws(UserAPIError) -> JSONValue {
    self.skipSpace()
    switch self.next {
    case UInt8(ascii: "{"): return try self.object(depth: depth + 1, isKept: isKept)
    case UInt8(ascii: "["): return try self.array(depth: depth + 1, isKept: isKept)
    case UInt8(ascii: "\""):
      guard isKept else {
        _ = try self.skipString()
        return .null
      }
      return .string(try self.string())
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

  private mutating func object(depth: Int, isKept: Bool) throws(UserAPIError) -> JSONValue {
    guard depth <= self.rules.maximumDepth else { throw self.malformed() }
    self.index += 1
    var members: [JSONObject.Member] = []
    self.skipSpace()
    if self.next == UInt8(ascii: "}") {
      self.index += 1
      return .object(JSONObject())
    }
    while true {
      self.skipSpace()
      let key = try self.key(isKept: isKept)
      self.skipSpace()
      try self.expect(UInt8(ascii: ":"))
      if let key, members.count < self.rules.maximumMembers {
        let value = try self.member(key, depth: depth)
        members.append(JSONObject.Member(key: key, value: value))
      } else {
        _ = try self.value(depth: depth, isKept: false)
      }
      self.skipSpace()
      if self.next == UInt8(ascii: ",") {
        self.index += 1
        continue
      }
      try self.expect(UInt8(ascii: "}"))
      return .object(JSONObject(members: members))
    }
  }

  /// The value of a member that is wanted.
  private mutating func member(_ key: String, depth: Int) throws(UserAPIError) -> JSONValue {
    guard let objects = self.rules.objects else { return try self.value(depth: depth) }
    self.skipSpace()
    let isKept =
      switch self.next {
      case UInt8(ascii: "["): false
      case UInt8(ascii: "{"):
        depth < Self.maximumBuiltDepth && objects.first(key.utf8.span) != nil
      default: true
      }
    return try self.value(depth: depth, isKept: isKept)
  }

  private mutating func array(depth: Int, isKept: Bool) throws(UserAPIError) -> JSONValue {
    guard depth <= self.rules.maximumDepth else { throw self.malformed() }
    self.index += 1
    var values: [JSONValue] = []
    self.skipSpace()
    if self.next == UInt8(ascii: "]") {
      self.index += 1
      return .array([])
    }
    while true {
      let value = try self.value(depth: depth, isKept: isKept)
      if isKept { values.append(value) }
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

  /// The key that stands here; nil when nobody wants its value.
  private mutating func key(isKept: Bool) throws(UserAPIError) -> String? {
    guard let keys = self.rules.keys, isKept else {
      if isKept { return try self.string() }
      _ = try self.skipString()
      return nil
    }
    let start = self.index
    let hasEscapes = try self.skipString()
    if hasEscapes {
      self.index = start
      return keys.first(try self.string().utf8.span)
    }
    return keys.first(self.bytes.extracting((start + 1)..<(self.index - 1)))
  }

  /// Looks whether a string stands here, and builds none.
  ///
  /// - Returns: Whether it has escapes.
  private mutating func skipString() throws(UserAPIError) -> Bool {
    try self.expect(UInt8(ascii: "\""))
    let start = self.index
    var isASCII = true
    var hasEscapes = false
    while let byte = self.next {
      switch byte {
      case UInt8(ascii: "\""):
        if !isASCII { try self.requireUTF8(start..<self.index) }
        self.index += 1
        return hasEscapes
      case UInt8(ascii: "\\"):
        hasEscapes = true
        self.index += 1
        _ = try self.escape()
      case 0x00...0x1F:
        throw self.malformed()
      default:
        if byte >= 0x80 { isASCII = false }
        self.index += 1
      }
    }
    throw self.malformed()
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
      if self.rules.replacesLoneSurrogates, first >= 0xDC00 || !self.isBeforeSecondHalf {
        return "\u{FFFD}"
      }
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

  /// Whether the escape of the second half of a pair of surrogates stands here, by its first
  /// digits.
  private var isBeforeSecondHalf: Bool {
    guard self.index + 3 < self.bytes.count, self.bytes[self.index] == UInt8(ascii: "\\"),
      self.bytes[self.index + 1] == UInt8(ascii: "u"),
      self.bytes[self.index + 2] | 0x20 == UInt8(ascii: "d")
    else { return false }
    let digit = self.bytes[self.index + 3] | 0x20
    return (UInt8(ascii: "c")...UInt8(ascii: "f")).contains(digit)
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

  private func requireUTF8(_ range: Range<Int>) throws(UserAPIError) {
    do {
      _ = try UTF8Span(validating: self.bytes.extracting(range))
    } catch {
      throw UserAPIError(.malformedJSON, "the message is not valid UTF-8", cause: error)
    }
  }

  private func text(_ range: Range<Int>) throws(UserAPIError) -> String {
    do {
      return String(copying: try UTF8Span(validating: self.bytes.extracting(range)))
    } catch {
      throw UserAPIError(.malformedJSON, "the message is not valid UTF-8", cause: error)
    }
  }
}
