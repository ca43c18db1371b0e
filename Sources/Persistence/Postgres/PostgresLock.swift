/// The advisory locks that this service takes in its database.
///
/// They are those with two keys of 32 bits (`pg_advisory_lock(int, int)`). The first is always
/// ``space``, which is `UAPI` in ASCII, and the second says what is locked; whoever else takes locks
/// in the same database keeps to other first keys, or to those with one key of 64 bits, which are
/// others.
enum PostgresLock: Int32 {
  /// Held by whoever changes the schema.
  case schema = 0

  static let space: Int32 = 0x5541_5049

  /// For `pg_advisory_lock($1, $2)` and its likes.
  var keys: (PostgresValue, PostgresValue) {
    (.smallInteger(Self.space), .smallInteger(self.rawValue))
  }
}
