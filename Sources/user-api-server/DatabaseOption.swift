internal import ArgumentParser
internal import Foundation
internal import Persistence
internal import UserAPIServer

/// Where the database is, for every command.
struct DatabaseOption: ParsableArguments {
  @Option(
    help: """
      sqlite:relative.db, sqlite:/absolute.db or postgres://user@host/database, with all that \
      libpq takes in a URL; a password is better given in a file. (env: DATABASE_URL; default: \
      sqlite:user-api.db)
      """)
  var databaseUrl: String?

  @Option(help: "A file with that in it. (env: DATABASE_URL_FILE)")
  var databaseUrlFile: String?

  var flags: [String: String] {
    var flags: [String: String] = [:]
    flags["DATABASE_URL"] = self.databaseUrl
    flags["DATABASE_URL_FILE"] = self.databaseUrlFile
    return flags
  }

  /// Opens the database, brings its schema up to date, and closes it after `body`.
  func withAdministration(_ body: (Administration) async throws -> Void) async throws {
    try await Failure.reporting {
      let url = try Settings.database(
        flags: self.flags, environment: ProcessInfo.processInfo.environment)
      let administration = try await Administration(database: url)
      try await body(administration)
      try await administration.close()
    }
  }
}
