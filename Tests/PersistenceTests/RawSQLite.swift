import GRDB

@testable import Persistence

/// Another program at work on the same file.
struct RawSQLite {
  private let queue: DatabaseQueue

  init(path: String) throws {
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    self.queue = try DatabaseQueue(path: path, configuration: configuration)
  }

  /// Makes the schema as the version had it whose last migration that was.
  func migrate(to migration: String) throws {
    try SQLiteSchema.migrator.migrate(self.queue, upTo: migration)
    try self.queue.close()
  }

  func execute(_ sql: String) throws {
    try self.queue.write { try $0.execute(sql: sql) }
    try self.queue.close()
  }

  func strings(_ sql: String) throws -> [String] {
    let strings = try self.queue.read { try String.fetchAll($0, sql: sql) }
    try self.queue.close()
    return strings
  }
}
