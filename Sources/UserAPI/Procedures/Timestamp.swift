/// A moment, to the millisecond, written as ISO 8601 in UTC: `2026-01-31T09:05:00.000Z`.
public struct Timestamp: Hashable, Comparable, Sendable {
  /// Since 1970-01-01T00:00:00Z, without leap seconds.
  public var millisecondsSinceEpoch: Int64

  /// The moment that many milliseconds after the epoch, or before it.
  public init(millisecondsSinceEpoch: Int64) {
    self.millisecondsSinceEpoch = millisecondsSinceEpoch
  }

  /// Whether `left` is the earlier.
  public static func < (left: Self, right: Self) -> Bool {
    left.millisecondsSinceEpoch < right.millisecondsSinceEpoch
  }
}

extension Timestamp {
  package func advanced(by duration: Duration) -> Timestamp {
    Timestamp(
      millisecondsSinceEpoch: self.millisecondsSinceEpoch + Int64(duration / .milliseconds(1)))
  }
}

extension Timestamp: LosslessStringConvertible {
  /// Reads `YYYY-MM-DDThh:mm:ss[.fraction]Z`; digits after the third of the fraction are dropped.
  /// Nil for anything else, for an impossible date, and for a year over 9999.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int64? {
      var value: Int64 = 0
      for byte in bytes[range] {
        guard (48...57).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - 48)
      }
      return value
    }
    guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
      bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"),
      bytes[16] == UInt8(ascii: ":"), bytes.last == UInt8(ascii: "Z"),
      let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      (1...12).contains(month), day >= 1, day <= Self.days(in: month, of: year), hour < 24,
      minute < 60, second < 60
    else { return nil }
    var milliseconds: Int64 = 0
    if bytes.count > 20 {
      guard bytes[19] == UInt8(ascii: "."), bytes.count > 21 else { return nil }
      var scale: Int64 = 100
      for byte in bytes[20..<(bytes.count - 1)] {
        guard (48...57).contains(byte) else { return nil }
        milliseconds += Int64(byte - 48) * scale
        scale /= 10
      }
    }
    let days = Self.daysSinceEpoch(year: year, month: month, day: day)
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
    self.init(millisecondsSinceEpoch: seconds * 1_000 + milliseconds)
  }

  /// Always with three digits of milliseconds.
  public var description: String {
    let (seconds, milliseconds) = Self.floorDivide(self.millisecondsSinceEpoch, by: 1_000)
    let (days, second) = Self.floorDivide(seconds, by: 86_400)
    let (year, month, day) = Self.date(daysSinceEpoch: days)
    // Only a year has more digits than here, and none that can be read.
    return String(unsafeUninitializedCapacity: 40) { text in
      var count = 0
      func write(_ byte: UInt8) {
        text[count] = byte
        count += 1
      }
      func write(_ value: Int64, width: Int, _ end: Unicode.Scalar) {
        var scale: Int64 = 1
        for _ in 1..<width { scale *= 10 }
        while value / scale >= 10 { scale *= 10 }
        while scale > 0 {
          write(UInt8(ascii: "0") + UInt8(value / scale % 10))
          scale /= 10
        }
        write(UInt8(ascii: end))
      }
      if year < 0 { write(UInt8(ascii: "-")) }
      write(abs(year), width: 4, "-")
      write(month, width: 2, "-")
      write(day, width: 2, "T")
      write(second / 3_600, width: 2, ":")
      write(second / 60 % 60, width: 2, ":")
      write(second % 60, width: 2, ".")
      write(milliseconds, width: 3, "Z")
      return count
    }
  }

  // The proleptic Gregorian calendar, counted in eras of 400 years that begin on 1 March, so
  // that the leap day is the last of its year.

  private static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month > 2 ? year : year - 1
    let (era, yearOfEra) = Self.floorDivide(shifted, by: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func date(daysSinceEpoch days: Int64) -> (Int64, Int64, Int64) {
    let (era, dayOfEra) = Self.floorDivide(days + 719_468, by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func days(in month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private static func floorDivide(_ value: Int64, by divisor: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
