package import AuthService
package import SessionService
package import UserAPI

/// The services' stores in one database, of whichever kind.
package protocol ServiceDatabase: SessionStore, TokenStore {
  /// Creates or upgrades the schema. Safe for several programs at once.
  ///
  /// - Throws: `STORE_UNAVAILABLE` when the database does not answer, or refuses.
  func migrate() async throws(UserAPIError)

  /// The other servers over this database. Takes a connection of its own where there may be any.
  func makePeers() -> any SessionPeers

  /// What its pool of connections is at; nil where there is none.
  var poolUse: DatabasePoolUse? { get }

  /// Throws `STORE_UNAVAILABLE` when the database does not answer.
  func ping() async throws(UserAPIError)

  /// Closes it. Whatever comes after fails.
  func close() async throws
}

extension DatabaseURL {
  /// Opens the database. Its schema is ``ServiceDatabase/migrate()``'s.
  ///
  /// - Parameter maxConnections: The most connections to a PostgreSQL server at once.
  /// - Throws: `STORE_UNAVAILABLE` when a file cannot be opened. A PostgreSQL server is not asked
  ///   before it is needed.
  package func open(
    maxConnections: Int = PostgresDatabase.Configuration.defaults.maxConnections
  ) throws(UserAPIError) -> any ServiceDatabase {
    switch self {
    case .sqlite(let path):
      return try SQLiteDatabase(path: path)
    case .postgres(let url):
      var configuration = PostgresDatabase.Configuration.defaults
      configuration.maxConnections = maxConnections
      return PostgresDatabase(url: url, configuration: configuration)
    }
  }
}
