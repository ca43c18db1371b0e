import Foundation
import Testing
import UserAPI

@Suite struct TimestampTests {
  @Test(
    arguments: [
      ("1970-01-01T00:00:00.000Z", 0), ("1970-01-01T00:00:00.001Z", 1),
      ("1969-12-31T23:59:59.999Z", -1), ("1969-12-31T00:00:00.000Z", -86_400_000),
      ("2000-02-29T12:00:00.000Z", 951_825_600_000),
      ("2026-01-31T09:05:00.000Z", 1_769_850_300_000),
      ("0001-01-01T00:00:00.000Z", -62_135_596_800_000),
      ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
      ("1900-03-01T00:00:00.000Z", -2_203_891_200_000),
      ("1600-02-29T00:00:00.500Z", -11_670_998_399_500),
    ] as [(String, Int64)])
  func `a moment is read and written`(text: String, milliseconds: Int64) {
    #expect(Timestamp(text)?.millisecondsSinceEpoch == milliseconds)
    #expect(Timestamp(millisecondsSinceEpoch: milliseconds).description == text)
  }

  @Test(
    arguments: [
      ("2026-01-31T09:05:00Z", 0), ("2026-01-31T09:05:00.1Z", 100),
      ("2026-01-31T09:05:00.12Z", 120),
      ("2026-01-31T09:05:00.1234567899Z", 123), ("2026-01-31T09:05:00.9999Z", 999),
      ("2026-01-31T09:05:00.0009Z", 0),
    ] as [(String, Int64)])
  func `a fraction may have any number of digits`(text: String, milliseconds: Int64) {
    #expect(Timestamp(text)?.millisecondsSinceEpoch == 1_769_850_300_000 + milliseconds)
  }

  @Test(arguments: [
    "", "Z", "2026-01-31", "2026-01-31T09:05:00", "2026-01-31T09:05Z", "2026-01-31 09:05:00Z",
    "2026-01-31t09:05:00z", "2026-01-31T09:05:00.Z", "2026-01-31T09:05:00.1",
    "2026-01-31T09:05:00,1Z",
    "2026-01-31T09:05:00+00:00", "2026-01-31T09:05:00.1+00:00Z", "2026-1-31T09:05:00Z",
    "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
    "2026-04-31T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-01-31T24:00:00Z",
    "2026-01-31T09:60:00Z", "2026-01-31T09:05:60Z", "-026-01-31T09:05:00Z", "+2026-01-31T09:05:00Z",
    "10000-01-01T00:00:00Z", "2026-01-31T09:05:00ZZ", " 2026-01-31T09:05:00Z",
    "2026-01-31T09:05:00 Z",
    "2026/01/31T09:05:00Z", "２０２６-01-31T09:05:00Z", "2026-01-31T09:05:00.1.2Z",
    "2026-01-31T09:05:0-Z",
    "2026-01-31T09:05:-1Z", "2026-W05-6T09:05:00Z",
  ])
  func `anything else is no moment`(text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test(arguments: [
    (2000, true), (1600, true), (2024, true), (4, true), (9996, true), (1900, false),
    (2100, false), (2023, false), (1, false), (9999, false),
  ])
  func `February has a leap day when the year says so`(year: Int, isLeap: Bool) {
    let digits = String(year)
    let padded = String(repeating: "0", count: 4 - digits.count) + digits
    let text = "\(padded)-02-29T00:00:00.000Z"
    #expect((Timestamp(text)?.description == text) == isLeap)
  }

  @Test func `every year from 1 to 9999 follows the one before without a gap`() throws {
    func digits(_ year: Int) -> String {
      String(String(10_000 + year).dropFirst())
    }
    var start = Int64(-62_135_596_800_000)
    for year in 1...9999 {
      let first = "\(digits(year))-01-01T00:00:00.000Z"
      let last = "\(digits(year))-12-31T23:59:59.999Z"
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let length: Int64 = (isLeap ? 366 : 365) * 86_400_000
      try #require(Timestamp(first)?.millisecondsSinceEpoch == start)
      try #require(Timestamp(last)?.millisecondsSinceEpoch == start + length - 1)
      try #require(Timestamp(millisecondsSinceEpoch: start).description == first)
      try #require(Timestamp(millisecondsSinceEpoch: start + length - 1).description == last)
      start += length
    }
  }

  @Test func `random moments are Foundation's`() throws {
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    var random = SeededRandom(seed: 2)
    // Foundation has the Julian calendar before 1582.
    for _ in 0..<2_000 {
      let seconds = Int64.random(in: -12_000_000_000...253_402_300_799, using: &random)
      // Quarters of a second: Foundation keeps a moment as a binary fraction.
      let milliseconds = seconds * 1_000 + Int64.random(in: 0...3, using: &random) * 250
      let date = Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
      let text = formatter.string(from: date)
      #expect(Timestamp(millisecondsSinceEpoch: milliseconds).description == text)
      #expect(Timestamp(text)?.millisecondsSinceEpoch == milliseconds)
    }
  }

  @Test func `random moments come back from their text`() {
    var random = SeededRandom(seed: 3)
    for _ in 0..<5_000 {
      let moment = Timestamp(
        millisecondsSinceEpoch: .random(
          in: -62_135_596_800_000...253_402_300_799_999, using: &random))
      #expect(Timestamp(moment.description) == moment)
    }
  }

  @Test func `the order of moments is that of their texts`() throws {
    let texts = ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"]
    let moments = texts.compactMap { Timestamp($0) }
    #expect(moments.count == 3)
    #expect(moments == moments.sorted())
  }

  @Test(arguments: [Int64.min, .max])
  func `a moment beyond every calendar can still be printed`(milliseconds: Int64) {
    #expect(!Timestamp(millisecondsSinceEpoch: milliseconds).description.isEmpty)
  }
}
