internal import Foundation
internal import GRDB
package import SessionService
package import UserAPI

/// The stores over one SQLite file, in WAL mode, so that readers do not wait for the writer.
package final class SQLiteDatabase: Sendable {
  private let pool: DatabasePool

  /// Opens the file, and makes it if there is none. The schema is ``migrate()``'s.
  ///
  /// - Throws: `STORE_UNAVAILABLE` when the file cannot be opened.
  package init(path: String) throws(UserAPIError) {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = true
    // Another process may be writing: a token is issued while the service runs.
    configuration.busyMode = .timeout(5)
    do {
      self.pool = try Self.open(path, configuration)
    } catch {
      throw UserAPIError(.storeUnavailable, "the database cannot be opened", cause: error)
    }
  }

  /// Several programs may make a new file theirs at once, and the change to WAL does not wait for
  /// another's as other writes do.
  private static func open(_ path: String, _ configuration: Configuration) throws -> DatabasePool {
    let end = ContinuousClock.now + .seconds(5)
    while true {
      do {
        return try DatabasePool(path: path, configuration: configuration)
      } catch let error as DatabaseError
        where error.resultCode == .SQLITE_BUSY && ContinuousClock.now < end
      {
        Thread.sleep(forTimeInterval: 0.01)
      }
    }
  }

  /// Creates or upgrades the schema. Safe for several processes at once: each migration is one
  /// transaction, and one that another process has made meanwhile is not made again.
  package func migrate() async throws(UserAPIError) {
    try await Self.translating {
      let migrator = SQLiteSchema.migrator
      while true {
        let applied = try await self.pool.read(migrator.appliedIdentifiers)
        do {
          try migrator.migrate(self.pool)
          // Those that were opened before would prepare one more statement for the tables of then.
          return self.pool.invalidateReadOnlyConnections()
        } catch {
          // The migrator looks at what is applied before it begins its transactions, and fails
          // when another process was faster. What that one did is then there to go on from.
          guard try await self.pool.read(migrator.appliedIdentifiers) != applied else {
            throw error
          }
        }
      }
    }
  }

  package func ping() async throws(UserAPIError) {
    _ = try await self.read { try Int.fetchOne($0, sql: "SELECT 1") }
  }

  package func close() throws {
    try self.pool.close()
  }

  func read<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws(UserAPIError) -> Value {
    try await Self.onOwnThreads { try await self.pool.read(body) }
  }

  func write<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws(UserAPIError) -> Value {
    try await Self.onOwnThreads { try await self.pool.write(body) }
  }

  /// A task may prefer threads where others queue before it, and would keep its connection to the
  /// database while it waits for its turn there.
  private static func onOwnThreads<Value: Sendable>(
    _ body: () async throws -> Value
  ) async throws(UserAPIError) -> Value {
    try await Self.translating {
      try await withTaskExecutorPreference(globalConcurrentExecutor) { try await body() }
    }
  }

  private static func translating<Value>(
    _ body: () async throws -> Value
  ) async throws(UserAPIError) -> Value {
    do {
      return try await body()
    } catch is CancellationError {
      throw UserAPIError.canceled
    } catch let error as DatabaseError {
      throw UserAPIError(.storeUnavailable, "the database does not answer", cause: error)
    } catch {
      // Waiting would not help. GRDB's own error quotes the row, so only its type goes on.
      let cause = error as? CorruptRow ?? CorruptRow(problem: "\(type(of: error))")
      throw UserAPIError(
        .internalError, "the database holds what cannot be read", cause: cause)
    }
  }
}

extension SQLiteDatabase: ServiceDatabase {
  package func makePeers() -> any SessionPeers { NoSessionPeers() }

  package var poolUse: DatabasePoolUse? { nil }
}
