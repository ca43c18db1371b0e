import NIOCore
import Testing
import UserAPI

@Suite struct JSONReaderTests {
  private func read(_ text: String) throws -> JSONValue {
    try JSONReader.read(ByteBuffer(string: text))
  }

  @Test(arguments: [
    ("0", JSONValue.integer(0)), ("-0", .integer(0)), ("7", .integer(7)), ("-12", .integer(-12)),
    ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
    ("9223372036854775808", .number(9_223_372_036_854_775_808)),
    ("0.0", .number(0)), ("1.0", .number(1)), ("1e0", .number(1)), ("1E+2", .number(100)),
    ("1e-2", .number(0.01)), ("-0.5", .number(-0.5)), ("10.25e1", .number(102.5)),
    ("0e0", .number(0)), ("0E5", .number(0)), ("1e00002", .number(100)), ("1e-400", .number(0)),
    ("5e-324", .number(.leastNonzeroMagnitude)),
    ("1e400", .number(.infinity)), ("-1e400", .number(-.infinity)),
    ("1e99999999999999999999", .number(.infinity)),
    ("0.1000000000000000055511151231257827", .number(0.1)),
  ])
  func `numbers are read as RFC 8259 has them`(text: String, value: JSONValue) throws {
    #expect(try self.read(text) == value)
    #expect(try self.read(" [\n\(text)\t]\r") == .array([value]))
  }

  @Test(arguments: [
    "01", "-01", "00", "+1", "-", "--1", "1.", ".5", "-.5", "1.e1", "1e", "1e+", "1e-", "1e1.5",
    "0x10", "1_000", "Infinity", "-Infinity", "NaN", "1a", "1 2", "１", "-a", "1e1e1", "0-1",
    "1.0.0", "1+1",
  ])
  func `other numbers are refused`(text: String) {
    #expect(throws: UserAPIError.self) { try self.read(text) }
    #expect(throws: UserAPIError.self) { try self.read("[\(text)]") }
  }

  @Test func `a number of very many digits is read`() throws {
    let digits = String(repeating: "9", count: 1 << 20)
    #expect(try self.read(digits) == .number(.infinity))
    #expect(try self.read("0." + digits) == .number(1))
  }

  @Test(arguments: [
    (#""""#, ""), (#""a b""#, "a b"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
    (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\u0000""#, "\0"), (#""\ud83d\ude00""#, "😀"),
    (#""\uD83D\uDE00x""#, "😀x"), (#""x\uD800\uDC00""#, "x\u{10000}"),
    (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), (#""é😀""#, "é😀"), ("\"\u{7F}\"", "\u{7F}"),
    ("\"\u{2028}\"", "\u{2028}"), (#""/""#, "/"), (#""\\u0041""#, #"\u0041"#),
    ("\"\u{FEFF}\"", "\u{FEFF}"), (#""\ufffe\uffff""#, "\u{FFFE}\u{FFFF}"),
    (#""\uFFFD""#, "\u{FFFD}"),
    (#""a\nbé\tc😀\\""#, "a\nbé\tc😀\\"),
  ])
  func `strings are read with every escape`(text: String, value: String) throws {
    guard case .string(let string) = try self.read(text) else {
      Issue.record("not a string")
      return
    }
    #expect(Array(string.unicodeScalars) == Array(value.unicodeScalars))
  }

  @Test(arguments: [
    #"""#, #""a"#, #"'a'"#, #""\"#, #""\""#, #""\x41""#, #""\a""#, #""\'""#, #""\0""#, #""\U0041""#,
    #""\u""#, #""\u004""#, #""\u00g1""#, #""\u 041""#, #""\u+041""#, #""\u004"#, "\"a\nb\"",
    "\"\t\"", "\"\u{0}\"", "\"\u{1F}\"", "\"\\n\u{1F}\"", #""a" "b""#, #""a"b"#, "\"\\u００４１\"",
  ])
  func `broken strings are refused`(text: String) {
    #expect(throws: UserAPIError.self) { try self.read(text) }
  }

  @Test(arguments: [
    #""\ud83d""#, #""\ude00""#, #""\ud83d\ud83d""#, #""\ude00\ud83d""#, #""\ud83dx""#,
    #""\ud83d\udbff""#, #""\ud83d\ue000""#, #""\ud7ff\udc00""#, #""\ud83d\n""#,
    #""\ud83d\u0041""#, #""\ud83d\u""#, #""\uD800""#, #""\uDFFF""#, #""\ud83d"#,
    #""\ud83d\"#, #"{"\ud83d":1}"#,
  ])
  func `a lone surrogate is refused`(text: String) {
    let error = #expect(throws: UserAPIError.self) { try self.read(text) }
    #expect(error?.reason == .malformedJSON)
  }

  @Test(
    arguments: [
      [0xFF], [0xC3], [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE2, 0x82],
      [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x98],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xC3, 0x28], [0xC3, 0x5C, 0x6E],
      [0x5C, 0x6E, 0xC3], [0x5C, 0xC3, 0xA9],
    ] as [[UInt8]])
  func `a string that is not valid UTF-8 is refused`(bytes: [UInt8]) {
    for (before, after) in [("\"", "\""), ("{\"", "\":1}"), ("\"\\n", "\"")] {
      let buffer =
        ByteBuffer(string: before) + ByteBuffer(bytes: bytes) + ByteBuffer(string: after)
      let error = #expect(throws: UserAPIError.self) { try JSONReader.read(buffer) }
      #expect(error?.reason == .malformedJSON)
    }
  }

  @Test(arguments: [
    ("null", JSONValue.null), ("true", .bool(true)), ("false", .bool(false)), ("[]", .array([])),
    ("{}", .object(JSONObject())), (" \t\r\n[ \n] ", .array([])),
    ("[null , 1]", .array([.null, .integer(1)])),
    (#"{ "a" : [ ] , "b":{} }"#, .object(["a": .array([]), "b": .object(JSONObject())])),
    (#"{"":0}"#, .object(["": .integer(0)])),
    (#"{"\u0061":1}"#, .object(["a": .integer(1)])),
  ])
  func `values are read with white space anywhere`(text: String, value: JSONValue) throws {
    #expect(try self.read(text) == value)
  }

  @Test(arguments: [
    "", " ", "nul", "nulll", "True", "TRUE", "tru", "falsee", "undefined", "[", "]", "{", "}", "[1",
    "[1,", "[1,]", "[,1]", "[,]", "[1 2]", "[1;2]", "[1}", "{]", #"{"a"}"#, #"{"a":}"#,
    #"{"a":1,}"#, #"{,}"#,
    #"{"a":1 "b":2}"#, #"{"a" 1}"#, #"{"a"::1}"#, "{a:1}", "{'a':1}", "{1:1}", "{null:1}", "[]]",
    "{}{}", "{},", "{} x", "[1]//c", "/**/1", "#1", "\u{A0}1", "\u{2003}1", "\u{FEFF}1",
    "\u{FEFF}{}", "\u{B}1", "\u{C}1", "1\0", "\0", #"{"a":1"#, #"{"a":1]"#, "[\"a\",\n", "🙂",
  ])
  func `anything else is refused`(text: String) {
    let error = #expect(throws: UserAPIError.self) { try self.read(text) }
    #expect(error?.reason == .malformedJSON)
  }

  @Test func `UTF-16 is refused`() {
    for bytes: [UInt8] in [
      [0x7B, 0, 0x7D, 0], [0, 0x7B, 0, 0x7D], [0xFF, 0xFE, 0x7B, 0, 0x7D, 0],
    ] {
      #expect(throws: UserAPIError.self) { try JSONReader.read(ByteBuffer(bytes: bytes)) }
    }
  }

  @Test func `thirty-two levels are read and one more is refused`() throws {
    func nested(_ open: String, _ close: String, _ depth: Int) -> String {
      String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }
    for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
      #expect(throws: Never.self) { try self.read(nested(open, close, 32)) }
      #expect(throws: UserAPIError.self) { try self.read(nested(open, close, 33)) }
      #expect(throws: UserAPIError.self) { try self.read(String(repeating: open, count: 1 << 20)) }
    }
    let mixed = nested(#"[{"a":"#, "}]", 16)
    #expect(throws: Never.self) { try self.read(mixed) }
    #expect(throws: UserAPIError.self) { try self.read("[\(mixed)]") }
  }

  @Test func `levels beside one another do not add up`() throws {
    let value = try self.read("[" + String(repeating: "[[]],", count: 100) + "[]]")
    guard case .array(let values) = value else {
      Issue.record("not an array")
      return
    }
    #expect(values.count == 101)
  }

  @Test func `a member is found by its bytes, not by how it reads`() throws {
    // KELVIN SIGN and GREEK QUESTION MARK, which Swift takes for these.
    let object = try JSONReader.readObject(Array(#"{"\u212a":1,"caf\u00e9\u037e":2}"#.utf8))
    #expect(object["K"] == nil)
    #expect(object["\u{212A}"] == .integer(1))
    #expect(object["caf\u{E9};"] == nil)
    #expect(object["cafe\u{301}\u{37E}"] == nil)
    #expect(object["caf\u{E9}\u{37E}"] == .integer(2))
  }

  @Test func `of duplicate keys the last counts`() throws {
    let object = try JSONReader.readObject(
      ByteBuffer(string: #"{"a":1,"b":2,"a":"x","\u0061":null}"#))
    #expect(object["a"] == .null)
    #expect(object["b"] == .integer(2))
    #expect(object["c"] == nil)
  }

  @Test(arguments: ["null", "[]", "1", #""{}""#, "true"])
  func `a message that is no object is refused`(text: String) {
    let error = #expect(throws: UserAPIError.self) {
      try JSONReader.readObject(ByteBuffer(string: text))
    }
    #expect(error?.reason == .malformedJSON)
  }

  @Test func `every prefix of a text is refused and the whole is read`() throws {
    let text = ByteBuffer(string: #"{"a":[1.5e1,-0,true,null,"é\u00e9\ud83d\ude00"],"b":{}}"#)
    for count in 0..<text.readableBytes {
      let prefix = try #require(text.getSlice(at: 0, length: count))
      #expect(throws: UserAPIError.self) { try JSONReader.read(prefix) }
    }
    #expect(throws: Never.self) { try JSONReader.read(text) }
  }

  @Test func `what stands around the readable bytes does not matter`() throws {
    let buffer = ByteBuffer(string: "x{}x")
    let slice = try #require(buffer.getSlice(at: 1, length: 2))
    #expect(try JSONReader.read(slice) == .object(JSONObject()))
  }

  @Test func `an error says where`() {
    let error = #expect(throws: UserAPIError.self) { try self.read(#"{"a":tru}"#) }
    #expect(error?.message == "the message is not valid JSON at byte 8")
  }

  @Test func `no byte changed or left out makes the reader fail otherwise than by its error`() {
    var random = SeededRandom(seed: 1)
    let text = Array(#"{"a":[1.5e1,-0,true,null,"é\u00e9\ud83d\ude00"],"b":{"c":"\n"}}"#.utf8)
    for _ in 0..<2_000 {
      var bytes = text
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let index = Int.random(in: bytes.indices, using: &random)
        if Bool.random(using: &random) {
          bytes[index] = UInt8.random(in: 0...255, using: &random)
        } else {
          bytes.remove(at: index)
        }
      }
      do throws(UserAPIError) {
        _ = try JSONReader.read(ByteBuffer(bytes: bytes))
      } catch {
        #expect(error.reason == .malformedJSON)
      }
    }
  }
}
