import Testing

@testable import user_api

@Suite struct TerminalPictureTests {
  private static let size = TerminalSize(columns: 10, rows: 5)
  private static let begin = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[H\u{1B}[2J"

  private static func line(_ row: Int, _ text: String) -> String {
    "\u{1B}[\(row);1H\u{1B}[K\(text)\u{1B}[0m"
  }

  @Test func `the first picture takes the second screen and hides the cursor`() {
    var picture = TerminalPicture()
    #expect(
      picture.show(["a", "b"], on: Self.size)
        == Self.begin + Self.line(1, "a") + Self.line(2, "b"))
  }

  @Test func `only the lines that change are written again, in their place`() {
    var picture = TerminalPicture()
    _ = picture.show(["a", "b", "c"], on: Self.size)
    #expect(picture.show(["a", "b", "c"], on: Self.size) == "")
    #expect(picture.show(["a", "B", "c"], on: Self.size) == Self.line(2, "B"))
    #expect(picture.show(["a"], on: Self.size) == "\u{1B}[2;1H\u{1B}[J")
    #expect(picture.show(["a", "b"], on: Self.size) == Self.line(2, "b"))
  }

  @Test func `a terminal of another size is drawn anew`() {
    var picture = TerminalPicture()
    _ = picture.show(["a"], on: Self.size)
    #expect(
      picture.show(["a"], on: TerminalSize(columns: 20, rows: 5))
        == "\u{1B}[H\u{1B}[2J" + Self.line(1, "a"))
  }

  @Test func `the end brings the cursor and the first screen back, once`() {
    var picture = TerminalPicture()
    #expect(picture.end() == "")
    _ = picture.show([], on: Self.size)
    #expect(picture.end() == "\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l")
    #expect(picture.end() == "")
  }

  @Test(arguments: [
    ("", 5, []), ("abc", 5, ["abc"]), ("ab cd", 5, ["ab cd"]), ("ab cde", 5, ["ab", "cde"]),
    ("abcdefg h", 3, ["abc", "def", "g h"]), ("a bcd", 1, ["a", "b", "c", "d"]),
  ])
  func `a long text is broken at its spaces`(text: String, columns: Int, lines: [String]) {
    #expect(text.wrapped(to: columns) == lines)
  }
}
