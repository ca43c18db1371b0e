/// Where the database is, as `DATABASE_URL` says. Prints as `<redacted>`: it may have a password in
/// it.
package enum DatabaseURL: Sendable, Equatable {
  /// The path of a SQLite file.
  case sqlite(path: String)
  /// A PostgreSQL server, or several of which one will do.
  case postgres(PostgresURL)

  /// Takes `sqlite:relative.db` and `sqlite:/absolute.db`, and `postgres://…` or `postgresql://…` as
  /// libpq does.
  ///
  /// - Throws: ``DatabaseURLError``, which says what is wrong.
  package init(_ text: String) throws(DatabaseURLError) {
    if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
      self = .postgres(try PostgresURL(text))
      return
    }
    guard text.hasPrefix("sqlite:") else {
      throw DatabaseURLError(
        problem: "must be sqlite:relative.db, sqlite:/absolute.db or postgres://…")
    }
    let path = text.dropFirst("sqlite:".count)
    guard !path.isEmpty, !path.hasSuffix("/"), !path.contains("\0") else {
      throw DatabaseURLError(problem: "must be sqlite:relative.db or sqlite:/absolute.db")
    }
    self = .sqlite(path: String(path))
  }
}

extension DatabaseURL: CustomStringConvertible, CustomReflectable {
  package var description: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// What is wrong with a `DATABASE_URL`, without anything of what it says.
package struct DatabaseURLError: Error, Equatable {
  package var problem: String
}
