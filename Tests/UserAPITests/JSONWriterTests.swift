import Foundation
import NIOCore
import Testing
import UserAPI

@Suite struct JSONWriterTests {
  private func string(_ value: String) -> String {
    var writer = JSONWriter()
    writer.string(value)
    return writer.buffer.text
  }

  @Test(arguments: [
    ("", #""""#), ("a b/é😀", #""a b/é😀""#), ("\"\\", #""\"\\""#), ("\n\r\t", #""\n\r\t""#),
    ("\u{0}\u{8}\u{C}\u{1F}", #""\u0000\u0008\u000c\u001f""#), ("\u{7F}", "\"\u{7F}\""),
    ("\"", #""\"""#), ("a\"", #""a\"""#), ("\"a", #""\"a""#), ("\u{2028}", "\"\u{2028}\""),
    (#"\u0041"#, #""\\u0041""#), ("\r\n", #""\r\n""#),
  ])
  func `a string is escaped where JSON demands it and nowhere else`(value: String, text: String) {
    #expect(self.string(value) == text)
  }

  @Test func `every scalar comes back from this reader and from Foundation's`() throws {
    let scalars = (UInt32(0)...0x2FFF).compactMap(Unicode.Scalar.init)
    let rest = stride(from: UInt32(0x3000), through: 0x10FFFF, by: 997)
      .compactMap(Unicode.Scalar.init)
    for scalar in scalars + rest + ["\u{FFFF}", "\u{10FFFF}"] {
      let value = "x\(scalar)y"
      let text = self.string(value)
      #expect(try JSONReader.read(ByteBuffer(string: text)) == .string(value))
    }
    let all = String(String.UnicodeScalarView(scalars))
    let text = self.string(all)
    let read = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    #expect(read as? String == all)
  }

  @Test func `a substring that is not stored as UTF-8 by itself is written`() {
    #expect(self.string(String("xéy".dropFirst().dropLast())) == "\"é\"")
  }

  @Test func `members and elements are separated and nothing else`() {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("s", "x")
      writer.member("none", String?.none)
      writer.member("i", -5)
      writer.member("zero", Int?.some(0))
      writer.member("noInt", Int?.none)
      writer.member("b", true)
      writer.key("a")
      writer.array([1, 2]) { writer, element in
        writer.object { $0.member("n", element) }
      }
      writer.key("empty")
      writer.array([Int]()) { _, _ in }
      writer.key("strings")
      writer.array(["p", "q"]) { $0.string($1) }
      writer.key("nested")
      writer.array([["r"], []]) { writer, inner in writer.array(inner) { $0.string($1) } }
      writer.key("o")
      writer.object { _ in }
      writer.key("null")
      writer.null()
      writer.member("last", false)
    }
    #expect(
      writer.buffer.text
        == #"{"s":"x","i":-5,"zero":0,"b":true,"a":[{"n":1},{"n":2}],"empty":[],"#
        + #""strings":["p","q"],"nested":[["r"],[]],"o":{},"null":null,"last":false}"#)
  }

  @Test func `an empty optional as the first member leaves no comma`() {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("none", String?.none)
      writer.member("s", "x")
    }
    #expect(writer.buffer.text == #"{"s":"x"}"#)
  }

  @Test func `a writer adds to the buffer it is given`() {
    var writer = JSONWriter(into: ByteBuffer(string: "before"))
    writer.object { _ in }
    #expect(writer.buffer.text == "before{}")
  }

  @Test(arguments: [[UInt8](), [1, 2, 3]])
  func `an envelope carries the length of its JSON, behind whatever stood before`(
    before: [UInt8]
  ) {
    var buffer = ByteBuffer(bytes: before)
    buffer.writeEnvelope { $0.object { $0.member("a", "é") } }
    buffer.writeEnvelope(flags: .endOfResponse) { $0.object { _ in } }
    #expect(
      buffer == ByteBuffer(bytes: before) + .envelope(#"{"a":"é"}"#) + .envelope("{}", flags: 2))
  }
}
