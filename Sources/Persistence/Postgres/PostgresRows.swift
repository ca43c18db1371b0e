internal import CPostgres
internal import UserAPI

/// What a statement gave. Stays on its connection's thread.
final class PostgresRows {
  private let result: OpaquePointer

  /// - Parameter result: Is this object's from now on.
  init(_ result: OpaquePointer) {
    self.result = result
  }

  deinit {
    PQclear(self.result)
  }

  var count: Int { Int(PQntuples(self.result)) }

  /// How many rows the statement has changed.
  var changedCount: Int { Int(String(cString: PQcmdTuples(self.result))) ?? 0 }

  /// What the statement was: `COMMIT`, or `ROLLBACK` where that is what became of it.
  var command: String { String(cString: PQcmdStatus(self.result)) }

  /// The SQLSTATE of an error.
  var state: SQLState? { self.field(CPOSTGRES_SQLSTATE).flatMap { SQLState($0) } }

  /// Whether the server ends the connection with this error.
  var isFatal: Bool { ["FATAL", "PANIC"].contains(self.field(CPOSTGRES_SEVERITY)) }

  private func field(_ name: Int) -> String? {
    PQresultErrorField(self.result, Int32(name)).map { String(cString: $0) }
  }

  func map<Value>(
    _ read: (PostgresRow) throws(PostgresFailure) -> Value
  ) throws(PostgresFailure) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(self.count)
    for index in 0..<self.count { values.append(try read(PostgresRow(rows: self, index: index))) }
    return values
  }

  /// Nil when there is no row.
  func first<Value>(
    _ read: (PostgresRow) throws(PostgresFailure) -> Value
  ) throws(PostgresFailure) -> Value? {
    self.count > 0 ? try read(PostgresRow(rows: self, index: 0)) : nil
  }

  fileprivate func type(ofColumn column: Int) -> UInt32 { PQftype(self.result, Int32(column)) }

  /// Nil for null.
  fileprivate func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer? {
    guard PQgetisnull(self.result, Int32(row), Int32(column)) == 0 else { return nil }
    return UnsafeRawBufferPointer(
      start: PQgetvalue(self.result, Int32(row), Int32(column)),
      count: Int(PQgetlength(self.result, Int32(row), Int32(column))))
  }
}

/// One row. A column is read by its place, and has to be of the type that is asked for: whoever has
/// changed that in the database is told, and nothing is misread.
struct PostgresRow {
  private enum ColumnType {
    static let text: Set<UInt32> = [25, 1043, 1042]
    static let bytes: Set<UInt32> = [17]
    static let timestamp: Set<UInt32> = [1184]
    static let integer: Set<UInt32> = [20]
  }

  fileprivate let rows: PostgresRows
  fileprivate let index: Int

  func text(_ column: Int) throws(PostgresFailure) -> String {
    try Self.present(try self.textIfAny(column))
  }

  func textIfAny(_ column: Int) throws(PostgresFailure) -> String? {
    guard let bytes = try self.bytes(column, ColumnType.text) else { return nil }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .unreadable(CorruptRow(problem: "a text that is not UTF-8"))
    }
    return text
  }

  func timestamp(_ column: Int) throws(PostgresFailure) -> Timestamp {
    try Self.present(try self.timestampIfAny(column))
  }

  func timestampIfAny(_ column: Int) throws(PostgresFailure) -> Timestamp? {
    guard let value = try self.integer(column, ColumnType.timestamp) else { return nil }
    guard let time = PostgresTime.timestamp(value) else {
      throw .unreadable(CorruptRow(problem: "a time that is infinite"))
    }
    return time
  }

  func bytes(_ column: Int) throws(PostgresFailure) -> [UInt8] {
    try Self.present(try self.bytes(column, ColumnType.bytes).map { Array($0) })
  }

  /// A `bigint`.
  func integer(_ column: Int) throws(PostgresFailure) -> Int64 {
    try Self.present(try self.integer(column, ColumnType.integer))
  }

  private func integer(
    _ column: Int, _ types: Set<UInt32>
  ) throws(PostgresFailure) -> Int64? {
    guard let bytes = try self.bytes(column, types) else { return nil }
    guard bytes.count == 8 else {
      throw .unreadable(CorruptRow(problem: "a column of another length"))
    }
    return Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
  }

  private func bytes(
    _ column: Int, _ types: Set<UInt32>
  ) throws(PostgresFailure) -> UnsafeRawBufferPointer? {
    guard types.contains(self.rows.type(ofColumn: column)) else {
      throw .unreadable(CorruptRow(problem: "a column of another type"))
    }
    return self.rows.bytes(self.index, column)
  }

  private static func present<Value>(_ value: Value?) throws(PostgresFailure) -> Value {
    guard let value else { throw .unreadable(CorruptRow(problem: "a value that is missing")) }
    return value
  }
}
