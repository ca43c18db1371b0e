internal import Foundation

/// A PostgreSQL server that tests may do with what they like.
package struct PostgresServer: Sendable {
  /// The variable with the URL of the server that all tests share: that of its database `postgres`,
  /// without parameters. `scripts/test` starts one and sets it.
  package static let variable = "USER_API_TEST_POSTGRES"

  /// Nil when there is none.
  package static let shared: PostgresServer? =
    ProcessInfo.processInfo.environment[Self.variable].map { PostgresServer(url: $0) }

  /// Whether tests that need one can run.
  package static let isThere = Self.shared != nil

  /// What tests that need one, and are not run, are told by.
  package static let comment =
    "\(Self.variable) names no server: scripts/postgres start FOLDER starts one and prints its URL"

  package struct Missing: Error {
    package init() {}
  }

  package let url: String

  /// Whatever stands before the name of a database.
  private var prefix: Substring { self.url.dropLast("postgres".count) }

  /// Runs `body` with a new database.
  ///
  /// - Parameter template: What it begins as; nil for empty.
  package func withDatabase(
    template: String? = nil, _ body: (PostgresTestDatabase) async throws -> Void
  ) async throws {
    let database = try await self.makeDatabase(template: template)
    let result: Result<Void, any Error>
    do { result = .success(try await body(database)) } catch { result = .failure(error) }
    try await self.drop(database)
    try result.get()
  }

  package func makeDatabase(template: String? = nil) async throws -> PostgresTestDatabase {
    let name = "test_" + UUID().uuidString.lowercased().filter { $0 != "-" }
    try await self.administer(
      "CREATE DATABASE \(name)" + (template.map { " TEMPLATE \($0)" } ?? ""))
    return PostgresTestDatabase(name: name, url: self.prefix + name)
  }

  /// Drops it, whoever is still connected.
  package func drop(_ database: PostgresTestDatabase) async throws {
    try await self.administer("DROP DATABASE \(database.name) WITH (FORCE)")
  }

  private func administer(_ statement: String) async throws {
    try await PostgresTestDatabase(name: "postgres", url: self.url).run(statement)
  }
}

/// One database of a server.
package struct PostgresTestDatabase: Sendable {
  package let name: String
  package let url: String

  package init(name: String, url: String) {
    self.name = name
    self.url = url
  }

  /// Runs SQL by somebody else's program, as one transaction.
  ///
  /// - Returns: A line a row, with `|` between the columns.
  @discardableResult
  package func run(_ statements: String) async throws -> [String] {
    try await Tool.run(
      "psql",
      ["--no-psqlrc", "--quiet", "-At", "-v", "ON_ERROR_STOP=1", "-c", statements, self.url]
    ).split(separator: "\n").map(String.init)
  }
}
