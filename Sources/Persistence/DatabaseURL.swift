/// Where the database is, as `DATABASE_URL` says.
package enum DatabaseURL: Sendable, Equatable {
  /// The path of a SQLite file.
  case sqlite(path: String)

  /// Takes `sqlite:relative.db` and `sqlite:/absolute.db`; nil for anything else.
  package init?(_ text: String) {
    guard text.hasPrefix("sqlite:") else { return nil }
    let path = text.dropFirst("sqlite:".count)
    guard !path.isEmpty, !path.hasSuffix("/"), !path.contains("\0") else { return nil }
    self = .sqlite(path: String(path))
  }
}
