import Foundation
import Persistence
import TestKit
import Testing

@testable import Persistence

extension Trait where Self == ConditionTrait {
  /// For what needs a PostgreSQL server.
  static var needsPostgres: Self {
    .enabled(if: PostgresServer.isThere, Comment(rawValue: PostgresServer.comment))
  }
}

extension PostgresDatabase.Configuration {
  /// Nothing fails because the machine is busy.
  static var patient: Self {
    var configuration = Self.defaults
    configuration.ceiling = .seconds(50)
    configuration.connectTimeout = .seconds(30)
    return configuration
  }
}

/// Runs `body` on a new database whose schema is in place, and with what sees it from outside.
func withPostgres(
  _ configuration: PostgresDatabase.Configuration = .patient,
  _ body: (PostgresDatabase, PostgresTestDatabase) async throws -> Void
) async throws {
  try await withPostgresDatabase { raw in
    let database = PostgresDatabase(url: try PostgresURL(raw.url), configuration: configuration)
    try await body(database, raw)
    await database.close()
  }
}

/// Runs `body` with a new database whose schema is in place.
func withPostgresDatabase(_ body: (PostgresTestDatabase) async throws -> Void) async throws {
  guard let server = PostgresServer.shared else { throw PostgresServer.Missing() }
  try await server.withDatabase(template: try await template.value, body)
}

/// Runs `body` with a new database without tables.
func withEmptyPostgres(_ body: (PostgresTestDatabase) async throws -> Void) async throws {
  guard let server = PostgresServer.shared else { throw PostgresServer.Missing() }
  try await server.withDatabase(body)
}

/// What new databases begin as. It goes with the server.
private let template = Task {
  guard let server = PostgresServer.shared else { throw PostgresServer.Missing() }
  let raw = try await server.makeDatabase()
  let database = PostgresDatabase(url: try PostgresURL(raw.url), configuration: .patient)
  try await database.migrate()
  await database.close()
  return raw.name
}
