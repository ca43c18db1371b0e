import Foundation
import TestKit
import Testing

/// The database of a deployment, and what a test does behind the server's back.
enum TestDatabase: Sendable {
  /// `test.db` in a folder.
  case sqlite(folder: URL)
  case postgres(PostgresTestDatabase)

  /// `postgres` runs the whole suite on the server that ``PostgresServer/variable`` names; SQLite is
  /// what it runs on without.
  static let variable = "USER_API_TEST_DATABASE"
  static let isPostgres = ProcessInfo.processInfo.environment[Self.variable] == "postgres"

  /// Makes an empty one.
  static func make(in folder: URL) async throws -> Self {
    guard Self.isPostgres else { return .sqlite(folder: folder) }
    guard let server = PostgresServer.shared else { throw PostgresServer.Missing() }
    return .postgres(try await server.makeDatabase())
  }

  /// What `DATABASE_URL` is.
  var url: String {
    switch self {
    case .sqlite: "sqlite:test.db"
    case .postgres(let database): database.url
    }
  }

  /// What nobody may print; nil where there is nothing.
  var password: String? { URLComponents(string: self.url)?.password }

  /// Runs SQL that both kinds understand, by somebody else's program.
  ///
  /// - Returns: A line a row, with `|` between the columns.
  @discardableResult
  func run(_ statements: String...) async throws -> [String] {
    switch self {
    case .sqlite(let folder):
      let script = """
        import sqlite3, sys
        database = sqlite3.connect('test.db')
        for statement in sys.argv[1:]:
            for row in database.execute(statement):
                print(*row, sep='|')
        database.commit()
        """
      let run = try await Run("/usr/bin/python3", ["-c", script] + statements, in: folder)
      #expect(run.status == 0, "\(run.errors)")
      return run.output.split(separator: "\n").map(String.init)
    case .postgres(let database):
      return try await database.run(statements.joined(separator: ";"))
    }
  }

  /// Takes it away, unless it goes with its folder.
  func remove() async throws {
    guard case .postgres(let database) = self, let server = PostgresServer.shared else { return }
    try await server.drop(database)
  }
}
