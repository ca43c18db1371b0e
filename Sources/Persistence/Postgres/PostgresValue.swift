internal import UserAPI

/// What a statement is given for a `$1`. Sent in PostgreSQL's binary form, never as part of the
/// statement.
enum PostgresValue {
  case null
  case text(String)
  case bytes([UInt8])
  case timestamp(Timestamp)
  /// A `bigint`.
  case integer(Int64)
  /// An `integer`.
  case smallInteger(Int32)
  case texts([String])
  case timestamps([Timestamp])

  static func text(_ text: String?) -> Self { text.map { .text($0) } ?? .null }

  static func timestamp(_ time: Timestamp?) -> Self { time.map { .timestamp($0) } ?? .null }
}

extension PostgresValue {
  private static let textType: Int32 = 25
  private static let timestampType: Int32 = 1184

  /// Appends the binary form. Nothing for null.
  func encode(into bytes: inout [UInt8]) throws(PostgresFailure) {
    switch self {
    case .null: break
    case .text(let text): try Self.append(text, to: &bytes)
    case .bytes(let value): bytes += value
    case .timestamp(let time): try Self.append(time, to: &bytes)
    case .integer(let value): Self.append(value, to: &bytes)
    case .smallInteger(let value): Self.append(value, to: &bytes)
    case .texts(let texts):
      Self.appendArrayHead(of: Self.textType, count: texts.count, to: &bytes)
      for text in texts {
        Self.append(Int32(text.utf8.count), to: &bytes)
        try Self.append(text, to: &bytes)
      }
    case .timestamps(let times):
      Self.appendArrayHead(of: Self.timestampType, count: times.count, to: &bytes)
      for time in times {
        Self.append(Int32(8), to: &bytes)
        try Self.append(time, to: &bytes)
      }
    }
  }

  private static func append(
    _ text: String, to bytes: inout [UInt8]
  ) throws(PostgresFailure) {
    guard !text.utf8.contains(0) else { throw .unstorable("a text with NUL in it") }
    bytes += text.utf8
  }

  private static func append(
    _ time: Timestamp, to bytes: inout [UInt8]
  ) throws(PostgresFailure) {
    guard let microseconds = PostgresTime.microseconds(time) else {
      throw .unstorable("a time that is too far away")
    }
    Self.append(microseconds, to: &bytes)
  }

  private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
  }

  /// One dimension, no nulls, counted from 1.
  private static func appendArrayHead(
    of type: Int32, count: Int, to bytes: inout [UInt8]
  ) {
    Self.append(Int32(count == 0 ? 0 : 1), to: &bytes)
    Self.append(Int32(0), to: &bytes)
    Self.append(type, to: &bytes)
    guard count > 0 else { return }
    Self.append(Int32(count), to: &bytes)
    Self.append(Int32(1), to: &bytes)
  }
}
