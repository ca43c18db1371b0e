/// The advisory locks that this service takes in its database.
///
/// They are those with two keys of 32 bits (`pg_advisory_lock(int, int)`). The first is always
/// ``space``, which is `UAPI` in ASCII, and the second says what is locked. Those with one key of 64
/// bits are held by who does something to a user's session: ``userKey``. Whoever else takes locks in
/// the same database keeps to other first keys; one of 64 bits would have to be the same by chance.
enum PostgresLock: Int32 {
  /// Held by whoever changes the schema.
  case schema = 0
  /// Held by the server that brings the database and WAHA together.
  case reconciliation = 1
  /// Held by whoever counts the sessions of the WAHA hosts and places another.
  case placement = 2

  static let space: Int32 = 0x5541_5049

  /// The key of the user whose id is `$1`. Two users who have the same by chance wait for each other.
  static let userKey = "hashtextextended($1, \(Self.space))"

  /// For `pg_advisory_lock($1, $2)` and its likes.
  var keys: (PostgresValue, PostgresValue) {
    (.smallInteger(Self.space), .smallInteger(self.rawValue))
  }
}
