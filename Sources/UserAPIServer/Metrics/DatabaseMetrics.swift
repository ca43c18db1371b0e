internal import Persistence

/// What the pool of connections to the database is at. Where the database is a file there is none.
enum DatabaseMetrics {
  static func add(_ database: any ServiceDatabase, to registry: PrometheusRegistry) {
    guard database.poolUse != nil else { return }
    for (state, count) in [
      ("connecting", \DatabasePoolUse.connecting), ("idle", \.idle), ("busy", \.leased),
    ] as [(String, KeyPath<DatabasePoolUse, Int> & Sendable)] {
      registry.addGauge("user_api_database_connections", labels: [("state", state)]) {
        database.poolUse?[keyPath: count] ?? 0
      }
    }
    registry.addGauge("user_api_database_waiting") { database.poolUse?.waiting ?? 0 }
  }
}
