import Testing
import UserAPI

@Suite struct PhoneNumberTests {
  @Test(arguments: [
    ("+15551234567", "+15551234567"),
    ("15551234567", "+15551234567"),
    ("+1 (555) 123-4567", "+15551234567"),
    ("1-555-123-4567", "+15551234567"),
    ("(1)5551234567", "+15551234567"),
    (" 1 555 123 4567 ", "+15551234567"),
    (" +1 555 123 4567", "+15551234567"),
    ("(+1) 555 123 4567", "+15551234567"),
    ("12", "+12"),
    ("+123456789012345", "+123456789012345"),
  ])
  func `a number in E.164 is stored as plus and digits`(text: String, e164: String) {
    #expect(PhoneNumber(text)?.e164 == e164)
  }

  @Test(arguments: [
    "", "+", " ", "()", "1", "+1", "1234567890123456", "+01234567", "01234567", "++15551234567",
    "1+5551234567", "15551234567+", "+1 + 5551234567", "1.555.123.4567", "1/555", "tel:15551234567",
    "1555123456a", "15551234567\n", "\t15551234567", "1555\u{A0}1234567", "1555\u{2013}1234567",
    "١٢٣٤٥٦٧٨٩", "１２３４５６７８９", "1\u{301}5551234567", "𝟏𝟓𝟓𝟓𝟏𝟐𝟑", "1555123\0",
  ])
  func `anything else is no number`(text: String) {
    #expect(PhoneNumber(text) == nil)
  }

  /// It would take minutes to find out where the one character ends.
  @Test func `text of a million marks is no number, at once`() {
    #expect(PhoneNumber(String(repeating: "\u{301}\u{323}", count: 500_000)) == nil)
    #expect(PhoneNumber(String(repeating: "1", count: 1_000_000)) == nil)
  }

  @Test func `two ways to write a number are the same number`() {
    #expect(PhoneNumber("+1 (555) 123-4567") == PhoneNumber("15551234567"))
  }
}
