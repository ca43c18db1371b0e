internal import UserAPI

/// A `timestamptz` as PostgreSQL sends it: microseconds since 2000-01-01.
enum PostgresTime {
  /// What `timestamptz` holds: from 4714-11-24 BC on, and before 294277.
  private static let range = Int64(-211_813_488_000_000_000)..<9_223_371_331_200_000_000
  private static let epoch: Int64 = 946_684_800_000

  /// Nil for a time that it cannot hold.
  static func microseconds(_ time: Timestamp) -> Int64? {
    let (milliseconds, isTooFar) =
      time.millisecondsSinceEpoch.subtractingReportingOverflow(Self.epoch)
    let (microseconds, isFar) = milliseconds.multipliedReportingOverflow(by: 1_000)
    guard !isTooFar, !isFar, Self.range.contains(microseconds) else { return nil }
    return microseconds
  }

  /// Nil for `infinity`. What is finer than a millisecond is dropped.
  static func timestamp(_ microseconds: Int64) -> Timestamp? {
    guard Self.range.contains(microseconds) else { return nil }
    let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000)
    return Timestamp(
      millisecondsSinceEpoch: (remainder < 0 ? quotient - 1 : quotient) + Self.epoch)
  }
}
