package import SessionService
package import UserAPI

/// The stores over a PostgreSQL server, or over one of several, on a pool of connections that each
/// have a thread.
package final class PostgresDatabase: Sendable {
  package struct Configuration: Sendable {
    /// The most connections at once. Default: 10.
    package var maxConnections = 10
    /// The most calls that wait for a connection. Default: 1,000.
    package var maxWaiters = 1_000
    /// How long a statement may take, and how long one waits for a connection. Default: 5 s.
    package var ceiling: Duration = .seconds(5)
    /// How long it may take to connect to one host, unless the URL says it. Default: 2 s.
    package var connectTimeout: Duration = .seconds(2)

    package static let defaults = Self()

    package init() {}
  }

  /// How long a probe may take.
  private static let pingCeiling: Duration = .seconds(1)

  let pool: PostgresPool
  private let target: PostgresSession.Target
  private let poolConfiguration: PostgresPool.Configuration

  /// Asks nothing of the server yet.
  package init(url: PostgresURL, configuration: Configuration = .defaults) {
    var pool = PostgresPool.Configuration()
    pool.connections.maxConnections = configuration.maxConnections
    pool.connections.maxWaiters = configuration.maxWaiters
    pool.limits.ceiling = configuration.ceiling
    pool.maxWait = configuration.ceiling
    self.poolConfiguration = pool
    self.target = PostgresSession.Target(
      attempts: url.attempts, timeout: url.connectTimeout ?? configuration.connectTimeout)
    self.pool = PostgresPool(target: self.target, configuration: pool)
  }

  deinit {
    self.pool.stop()
  }

  func read<Value: Sendable>(
    _ body: @escaping @Sendable (PostgresSession) throws(PostgresFailure) -> Value
  ) async throws(UserAPIError) -> Value {
    try await self.run(.read, body)
  }

  func write<Value: Sendable>(
    _ body: @escaping @Sendable (PostgresSession) throws(PostgresFailure) -> Value
  ) async throws(UserAPIError) -> Value {
    try await self.run(.write, body)
  }

  private func run<Value: Sendable>(
    _ access: PostgresPool.Access, ceiling: Duration? = nil,
    _ body: @escaping @Sendable (PostgresSession) throws(PostgresFailure) -> Value
  ) async throws(UserAPIError) -> Value {
    do throws(PostgresFailure) {
      return try await self.pool.run(access, ceiling: ceiling, body)
    } catch {
      throw error.apiError
    }
  }
}

extension PostgresDatabase: ServiceDatabase {
  package func makePeers() -> any SessionPeers {
    PostgresPeers(
      target: self.target, configuration: self.poolConfiguration, others: self.pool)
  }

  package func migrate() async throws(UserAPIError) {
    // Nothing is locked where nothing is to be done, and whoever may not change the schema may look.
    let isUpToDate = try await self.read { session throws(PostgresFailure) in
      try PostgresSchema.missing(in: session).isEmpty
    }
    guard !isUpToDate else { return }
    try await self.run(.write, ceiling: PostgresSchema.ceiling) {
      session throws(PostgresFailure) in
      try PostgresSchema.migrate(session)
    }
  }

  package var poolUse: DatabasePoolUse? { self.pool.counts }

  package func ping() async throws(UserAPIError) {
    try await self.run(.read, ceiling: Self.pingCeiling) { session throws(PostgresFailure) in
      _ = try session.query("SELECT 1")
    }
  }

  package func close() async {
    await self.pool.close()
  }
}
