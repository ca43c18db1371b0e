import AuthService
import Foundation
import Persistence
import SessionService
import TestKit
import UserAPI

/// A kind of database. Every contract test runs on each.
enum Driver: CaseIterable, Sendable {
  case sqlite
  /// Left out where there is no server (``PostgresServer/comment``).
  case postgres

  static let allCases = [sqlite] + (PostgresServer.isThere ? [postgres] : [])
}

/// A database of one kind, with what a test does behind the stores' backs.
struct Stores: Sendable {
  let sessions: any SessionStore
  let tokens: any TokenStore
  let migrate: @Sendable () async throws -> Void
  /// Runs SQL that both kinds understand.
  let execute: @Sendable (_ sql: String) async throws -> Void
}

extension Driver {
  /// Runs `body` on a new database whose schema is in place.
  func withStores(_ body: (Stores) async throws -> Void) async throws {
    switch self {
    case .sqlite:
      try await withTemporaryFile { path in
        let database = try SQLiteDatabase(path: path)
        try await database.migrate()
        try await body(
          Stores(
            sessions: database, tokens: database,
            migrate: { try await database.migrate() },
            execute: { try RawSQLite(path: path).execute($0) }))
        try database.close()
      }
    case .postgres:
      try await withPostgres { database, raw in
        try await body(
          Stores(
            sessions: database, tokens: database,
            migrate: { try await database.migrate() },
            execute: { _ = try await raw.run($0) }))
      }
    }
  }
}

/// Runs `body` with the path of a file in a directory of its own.
func withTemporaryFile(_ body: (_ path: String) async throws -> Void) async throws {
  let directory = FileManager.default.temporaryDirectory
    .appendingPathComponent("persistence-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  let result: Result<Void, any Error>
  do {
    result = .success(try await body(directory.appendingPathComponent("test.db").path))
  } catch {
    result = .failure(error)
  }
  try FileManager.default.removeItem(at: directory)
  try result.get()
}
