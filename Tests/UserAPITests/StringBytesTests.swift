import Testing
import UserAPI

@Suite struct StringBytesTests {
  @Test(arguments: [
    "", "a", "é", "a string that is stored apart from its value",
    String("a slice of another text".dropFirst(2)),
  ])
  func `a text has the same bytes as itself and a copy`(text: String) {
    #expect(text.hasSameBytes(as: text))
    #expect(text.hasSameBytes(as: String(decoding: Array(text.utf8), as: UTF8.self)))
    #expect(!text.hasSameBytes(as: text + "x"))
    #expect(!(text + "x").hasSameBytes(as: text + "y"))
  }

  @Test func `texts that read alike are not the same bytes`() {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    #expect(composed == decomposed)
    #expect(!composed.hasSameBytes(as: decomposed))
    // As long, too.
    let (left, right) = ("a\u{323}\u{307}", "a\u{307}\u{323}")
    #expect(left == right)
    #expect(!left.hasSameBytes(as: right))
  }
}
