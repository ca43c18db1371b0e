internal import ArgumentParser
internal import Foundation
internal import Persistence
internal import UserAPIServer

/// Where the database is, for every command.
struct DatabaseOption: ParsableArguments {
  @Option(
    help: """
      sqlite:relative.db or sqlite:/absolute.db. (env: DATABASE_URL or DATABASE_URL_FILE; \
      default: sqlite:user-api.db)
      """)
  var databaseUrl: String?

  var flags: [String: String] {
    self.databaseUrl.map { ["DATABASE_URL": $0] } ?? [:]
  }

  /// Opens the database, brings its schema up to date, and closes it after `body`.
  func withAdministration(_ body: (Administration) async throws -> Void) async throws {
    try await Failure.reporting {
      let url = try Settings.database(
        flags: self.flags, environment: ProcessInfo.processInfo.environment)
      let administration = try await Administration(database: url)
      try await body(administration)
      try administration.close()
    }
  }
}
