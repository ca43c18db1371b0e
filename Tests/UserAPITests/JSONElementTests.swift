import NIOCore
import Testing
import UserAPI

@Suite struct JSONElementTests {
  private typealias Elements = (container: JSONReader.Container, values: [JSONValue])

  private func elements(
    of text: String, keys: [String] = ["a", "b"]
  ) throws(UserAPIError) -> Elements {
    try self.elements(of: Array(text.utf8), keys: keys)
  }

  private func elements(of text: [UInt8], keys: [String]) throws(UserAPIError) -> Elements {
    var values: [JSONValue] = []
    let container = try JSONReader.forEachElement(of: text, keys: JSONKeys(keys)) {
      values.append($0)
    }
    return (container, values)
  }

  @Test func `the elements of an array come in their order`() throws {
    let (container, values) = try self.elements(of: " [1, \"x\" ,null,[true], {\"a\":2.5}\n] ")
    #expect(container == .array)
    #expect(
      values == [
        .integer(1), .string("x"), .null, .array([.bool(true)]), .object(["a": .number(2.5)]),
      ])
  }

  @Test func `the values of an object come in their order, whatever their keys`() throws {
    let (container, values) = try self.elements(of: #" {"z" : 1,"\u0061":{"b":2}, "z":3} "#)
    #expect(container == .object)
    #expect(values == [.integer(1), .object(["b": .integer(2)]), .integer(3)])
  }

  @Test(arguments: [("[]", JSONReader.Container.array), (" { } ", .object)])
  func `what is empty has no elements`(text: String, container: JSONReader.Container) throws {
    let elements = try self.elements(of: text)
    #expect(elements.container == container)
    #expect(elements.values.isEmpty)
  }

  @Test(arguments: [
    (#"[{"x":1,"a":2,"y":[{"a":3}],"b":{"a":4,"x":5}}]"#, ["a", "b"], #"{"a":2,"b":{"a":4}}"#),
    (#"[{"x":1}]"#, ["a"], "{}"), (#"[{"a":1}]"#, [], "{}"),
    (#"[{"\u0061":1,"a":2}]"#, ["a"], #"{"a":1,"a":2}"#),
    (#"[{"ab":1,"b":2,"":3}]"#, ["a", "abc", "ab"], #"{"ab":1}"#),
    (#"[{"é":1,"\u00e9":2,"e":3}]"#, ["é"], #"{"é":1,"é":2}"#),
    (#"[{"x":{"y":"\"}]\\","z":[1.5e3,-0,false,null,"\ud83d\ude00"]},"a":1}]"#, ["a"], #"{"a":1}"#),
  ])
  func `only the members that are wanted are read, on every level`(
    text: String, keys: [String], element: String
  ) throws {
    let expected = try JSONReader.read(ByteBuffer(string: element))
    #expect(try self.elements(of: text, keys: keys).values == [expected])
  }

  @Test(arguments: [
    (#"\ud83d"#, "\u{FFFD}"), (#"\ude00"#, "\u{FFFD}"), (#"Ana \ud83d"#, "Ana \u{FFFD}"),
    (#"\ud83dx"#, "\u{FFFD}x"), (#"\ud83d\ud83d\ude00"#, "\u{FFFD}😀"),
    (#"\ude00\ud83d"#, "\u{FFFD}\u{FFFD}"), (#"\ud83d\u0041"#, "\u{FFFD}A"),
    (#"\ud83d\n"#, "\u{FFFD}\n"), (#"\uD83D\uDBFF"#, "\u{FFFD}\u{FFFD}"),
    (#"\ud7ff\udc00"#, "\u{D7FF}\u{FFFD}"), (#"\ud83d\ue000"#, "\u{FFFD}\u{E000}"),
    (#"\ud83d\ud7ff"#, "\u{FFFD}\u{D7FF}"), (#"\ud83d\u0dc0"#, "\u{FFFD}\u{0DC0}"),
    (#"\uD83D\uDE00"#, "😀"), (#"\ud83d\\ude00"#, #"\#u{FFFD}\ude00"#),
  ])
  func `half a pair of surrogates is read as a replacement`(text: String, value: String) throws {
    let elements = try self.elements(of: #"["\#(text)",{"a":"\#(text)","x":"\#(text)"}]"#)
    #expect(elements.values == [.string(value), .object(["a": .string(value)])])
  }

  @Test(arguments: [
    #"\ud83d\u"#, #"\ud83d\uD"#, #"\ud83d\uDE0"#, #"\ud83d\uDEx0"#, #"\ud83d\x"#, #"\ud83"#,
    #"\ud83d\"#,
  ])
  func `a broken escape behind half a pair stays broken`(text: String) {
    for text in [#"["\#(text)"]"#, #"[{"x":"\#(text)"}]"#] {
      #expect(throws: UserAPIError.self) { try self.elements(of: text) }
    }
  }

  @Test(arguments: [
    "", " ", "null", "1", #""[]""#, "true", "[", "{", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}",
    "{]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, "{a:1}", "[]]", "[] x", "{}{}", "[1]//c",
    "\u{FEFF}[]", #"[{"a":1]"#, #"[{"a":01}]"#, "<html>",
    // In what nobody wants.
    #"[{"x":01}]"#, #"[{"x":tru}]"#, #"[{"x":[1,]}]"#, #"[{"x":{"y":}}]"#, #"[{"x":"\x"}]"#,
    #"[{"x":"}]"#, "[{\"x\":\"\n\"}]", #"[{"x" 1}]"#, #"[{"x":1 "a":2}]"#, #"[{'x':1}]"#,
    #"[{"x":-}]"#, #"[{"x":1.}]"#, #"[{"\x":1}]"#, #"[{"x":[{"a":nul}]}]"#,
  ])
  func `what is no whole array or object is refused`(text: String) {
    let error = #expect(throws: UserAPIError.self) { try self.elements(of: text) }
    #expect(error?.reason == .malformedJSON)
  }

  @Test(
    arguments: [
      [0xFF], [0xC3], [0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x9F, 0x98],
      [0x5C, 0x6E, 0xC3], [0xC3, 0x5C, 0x6E],
    ] as [[UInt8]])
  func `what is not valid UTF-8 is refused, wanted or not`(bytes: [UInt8]) {
    for (before, after) in [("[{\"a\":\"", "\"}]"), ("[{\"x\":\"", "\"}]"), ("[{\"", "\":1}]")] {
      #expect(throws: UserAPIError.self) {
        try self.elements(of: Array(before.utf8) + bytes + Array(after.utf8), keys: ["a"])
      }
    }
  }

  @Test func `every prefix of a list is refused and the whole is read`() throws {
    let text = Array(
      #"[{"a":[1.5e1,-0,true],"x":{"y":"é\u00e9\ud83d"}},null,{"b":"\ud83d\ude00"}]"#.utf8)
    for count in 0..<text.count {
      #expect(throws: UserAPIError.self) {
        try self.elements(of: Array(text[..<count]), keys: ["a", "b"])
      }
    }
    #expect(try self.elements(of: text, keys: ["a", "b"]).values.count == 3)
  }

  @Test func `a hundred and twenty-eight levels are read and one more is refused`() throws {
    func nested(_ key: String, _ depth: Int) -> String {
      "[" + String(repeating: "{\"\(key)\":", count: depth - 1) + "1"
        + String(repeating: "}", count: depth - 1) + "]"
    }
    for key in ["a", "x"] {
      #expect(throws: Never.self) { try self.elements(of: nested(key, 128)) }
      #expect(throws: UserAPIError.self) { try self.elements(of: nested(key, 129)) }
      #expect(throws: UserAPIError.self) { try self.elements(of: nested(key, 1 << 18)) }
    }
  }

  /// What is built of a list where `b` may be an object.
  private func built(_ text: String) throws(UserAPIError) -> [JSONValue] {
    var values: [JSONValue] = []
    _ = try JSONReader.forEachElement(
      of: Array(text.utf8), keys: JSONKeys(["a", "b"]), objects: JSONKeys(["b"])
    ) { values.append($0) }
    return values
  }

  @Test(arguments: [
    ("[[0,0],[{\"a\":1}],\"x\",null]", "[[],[],null,null]"),
    (#"[{"a":[0,0],"b":[[0]]}]"#, #"[{"a":[],"b":[]}]"#),
    (#"[{"a":{"a":1},"b":{"a":1,"x":2}}]"#, #"[{"a":{},"b":{"a":1}}]"#),
    (#"[{"b":{"b":{"b":{"b":{"a":1}}}}}]"#, #"[{"b":{"b":{"b":{}}}}]"#),
    (#"{"x":{"a":1},"a":[1]}"#, #"[{"a":1},[]]"#),
  ])
  func `nothing is built of what cannot be meant`(text: String, built: String) throws {
    let expected = try JSONReader.read(ByteBuffer(string: built))
    #expect(try .array(self.built(text)) == expected)
  }

  @Test func `an object has thirty-two members and no more`() throws {
    let members = (0..<1_000).map { "\"a\":\($0)" }.joined(separator: ",")
    guard case .object(let object) = try self.built("[{\(members)}]").first else {
      Issue.record("no object")
      return
    }
    #expect(object.members.map(\.value) == (0..<32).map { .integer($0) })
    for broken in ["[[0,]]", #"[{"a":[0,]}]"#, "[{\(members),\"a\":tru}]"] {
      #expect(throws: UserAPIError.self) { try self.built(broken) }
    }
  }

  @Test func `of an object of somebody else's only what is wanted is built`() throws {
    let text = #" {"a":{"b":1,"c":2,"a":[1]},"c":{"a":1},"b":"\ud83d","d":[[{"a":1}]]} "#
    let object = try JSONReader.readObject(
      Array(text.utf8), keys: JSONKeys(["a", "b"]), objects: JSONKeys(["a"]))
    guard case .object(let inner) = object["a"] else {
      Issue.record("there is no object")
      return
    }
    #expect(inner.members.map(\.key) == ["b", "a"])
    #expect(inner["b"] == .integer(1))
    #expect(object["b"] == .string("\u{FFFD}"))
    #expect(object["c"] == nil)
    #expect(object["d"] == nil)
  }

  @Test(arguments: [
    "", " ", "[]", "[{}]", "1", "{", "{}{}", "{} x", #"{"x":}"#, #"{"x":"#,
    #"{"x":"# + String(repeating: "[", count: 200) + String(repeating: "]", count: 200) + "}",
  ])
  func `what is no whole object of somebody else's is refused`(text: String) {
    #expect(throws: UserAPIError.self) {
      try JSONReader.readObject(
        Array(text.utf8), keys: JSONKeys(["a"]), objects: JSONKeys([]))
    }
  }

  @Test func `what a message may hold is read alike as an element`() throws {
    let text = #"{"a":[1.5e1,-0,true,null,"é\u00e9\ud83d\ude00"],"b":{"c":"\n","a":[]}}"#
    let value = try JSONReader.read(ByteBuffer(string: text))
    #expect(try self.elements(of: "[\(text)]", keys: ["a", "b", "c"]).values == [value])
  }
}
