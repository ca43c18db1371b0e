import AuthService
import Foundation
import Persistence
import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct SQLiteTests {
  private static let schema =
    "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"

  @Test func `migrating again changes nothing`() async throws {
    try await withTemporaryFile { path in
      let database = try SQLiteDatabase(path: path)
      try await database.migrate()
      let stored = try await database.insertSession(makeSession("user-1"))
      let schema = try RawSQLite(path: path).strings(Self.schema)
      try await database.migrate()
      try await database.migrate()
      #expect(try await database.session(ofUser: "user-1") == stored)
      #expect(
        try RawSQLite(path: path).strings(Self.schema) == schema)
      try database.close()
    }
  }

  @Test func `tokens of the version before have their role's scopes and were never used`()
    async throws
  {
    try await withTemporaryFile { path in
      try RawSQLite(path: path).migrate(to: "3-removals")
      let old = [
        makeToken("tok_1", seed: 1, role: .admin), makeToken("tok_2", seed: 2, expiresAt: later),
      ]
      try RawSQLite(path: path).execute(
        """
        INSERT INTO api_tokens VALUES
          ('tok_1', x'\(String(repeating: "01", count: 32))', 'user-1', 'ADMIN',
           '2026-01-31T12:00:00.000Z', NULL, NULL),
          ('tok_2', x'\(String(repeating: "02", count: 32))', 'user-1', 'USER',
           '2026-01-31T12:00:00.000Z', '2026-01-31T12:00:00.123Z', NULL);
        """)
      let database = try SQLiteDatabase(path: path)
      try await database.migrate()
      #expect(try await database.tokens() == old)
      // A version that does not know the new columns goes on writing meanwhile.
      try RawSQLite(path: path).execute(
        """
        INSERT INTO api_tokens (id, digest, user_id, role, created_at) VALUES
          ('tok_3', x'\(String(repeating: "03", count: 32))', 'user-1', 'USER',
           '2026-01-31T12:00:00.000Z')
        """)
      #expect(try await database.token(id: "tok_3") == makeToken("tok_3", seed: 3))
      try database.close()
    }
  }

  @Test func `scopes that are no text are not the null that stands for what the role allows`()
    async throws
  {
    try await withTemporaryFile { path in
      let database = try SQLiteDatabase(path: path)
      try await database.migrate()
      try await database.insert(makeToken("tok_1", seed: 1))
      for value in ["x'FF'", "x''", "0"] {
        try RawSQLite(path: path).execute("UPDATE api_tokens SET scopes = \(value)")
        #expect(try await database.token(id: "tok_1")?.scopes == [])
      }
      try database.close()
    }
  }

  @Test func `several programs may open and migrate a new file at once`() async throws {
    for _ in 0..<20 {
      try await withTemporaryFile { path in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for index in 0..<6 {
            group.addTask {
              let database = try SQLiteDatabase(path: path)
              try await database.migrate()
              _ = try await database.insertSession(makeSession("user-\(index)"))
              try database.close()
            }
          }
          try await group.waitForAll()
        }
        #expect(
          try RawSQLite(path: path).strings("SELECT id FROM whatsapp_sessions").count == 6)
      }
    }
  }

  @Test func `a migration that cannot be made is an error`() async throws {
    try await withTemporaryFile { path in
      try RawSQLite(path: path).execute("CREATE TABLE api_tokens (something TEXT)")
      let database = try SQLiteDatabase(path: path)
      let error = await failure { () async throws(UserAPIError) in try await database.migrate() }
      #expect(error?.reason == .storeUnavailable)
      try database.close()
    }
  }

  @Test func `two programs see each other's changes`() async throws {
    try await withTemporaryFile { path in
      let first = try SQLiteDatabase(path: path)
      try await first.migrate()
      let second = try SQLiteDatabase(path: path)
      try await second.migrate()
      let stored = try await withThrowingTaskGroup(of: SessionRecord.self) { group in
        for (index, database) in [first, second].enumerated() {
          for number in 0..<50 {
            group.addTask {
              try await database.insertSession(
                makeSession("user-1", id: "\(index)-\(number)", name: "s_\(index)-\(number)"))
            }
          }
        }
        return try await group.reduce(into: Set<String>()) { $0.insert($1.id) }
      }
      #expect(stored.count == 1)
      let id = try #require(stored.first)
      try await second.setConnected(true, sessionID: id, at: later)
      #expect(try await first.session(ofUser: "user-1")?.isConnected == true)
      try await first.insert(makeToken("tok_1", seed: 1))
      #expect(try await second.revokeToken(id: "tok_1", at: later))
      #expect(try await first.tokens().map(\.revokedAt) == [later])
      try first.close()
      try second.close()
    }
  }

  @Test func `callers whose threads are busy keep no connection from the others`() async throws {
    try await withTemporaryFile { path in
      let database = try SQLiteDatabase(path: path)
      try await database.migrate()
      let executor = ManualExecutor()
      let callers = (0..<20).map { _ in
        Task(executorPreference: executor) { try await database.session(ofUser: "user-1") }
      }
      // Each has begun to read, and comes to its next turn only later.
      executor.run(jobs: callers.count)
      #expect(try await database.session(ofUser: "user-2") == nil)
      executor.runFromNowOn()
      for caller in callers { #expect(try await caller.value == nil) }
      try database.close()
    }
  }

  @Test(arguments: [
    "UPDATE whatsapp_sessions SET created_at = 'yesterday'",
    "UPDATE whatsapp_sessions SET created_at = ''",
    "UPDATE whatsapp_sessions SET updated_at = x'00FF00'",
    "UPDATE whatsapp_sessions SET updated_at = 5",
    "UPDATE whatsapp_sessions SET created_at = '2026-13-45T99:99:99Z'",
    "UPDATE message_campaigns SET start_date = 'soon'",
    "UPDATE message_campaigns SET start_date = x'FFFE'",
    "UPDATE api_tokens SET role = 'KING'", "UPDATE api_tokens SET created_at = 'never'",
    "UPDATE api_tokens SET expires_at = ''", "UPDATE api_tokens SET role = x'FF'",
    "UPDATE api_tokens SET last_used_at = 'today'",
    "DROP TABLE message_campaigns; DROP TABLE whatsapp_groups; DROP TABLE whatsapp_sessions; "
      + "DROP TABLE api_tokens",
  ])
  func `what nobody would have written is an error and no crash`(sql: String) async throws {
    try await withTemporaryFile { path in
      let database = try SQLiteDatabase(path: path)
      try await database.migrate()
      _ = try await database.insertSession(makeSession("user-1"))
      let token = makeToken("tok_1", seed: 1)
      try await database.insert(token)
      try RawSQLite(path: path).execute(
        """
        INSERT INTO whatsapp_groups VALUES
          ('g', 'n', '1@g.us', 'id-user-1', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');
        INSERT INTO message_campaigns VALUES
          ('c', 'id-user-1', 'g', 'x', 'SCHEDULED', '2026-01-01T00:00:00.000Z', NULL, 0,
           '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');
        """)
      try RawSQLite(path: path).execute("PRAGMA ignore_check_constraints = ON; " + sql)
      let errors = [
        await failure { () async throws(UserAPIError) in
          try await database.session(ofUser: "user-1")
        },
        await failure { () async throws(UserAPIError) in
          try await database.groups(ofSession: "id-user-1")
        },
        await failure { () async throws(UserAPIError) in
          try await database.token(digest: token.digest)
        },
        await failure { () async throws(UserAPIError) in try await database.tokens() },
      ].compactMap { $0 }
      #expect(!errors.isEmpty)
      let expected: ErrorReason = sql.hasPrefix("DROP") ? .storeUnavailable : .internalError
      #expect(errors.allSatisfy { $0.reason == expected })
      try await database.ping()
      try database.close()
    }
  }

  @Test func `what was answered survives a program that is killed`() async throws {
    try await withTemporaryFile { path in
      let database = try SQLiteDatabase(path: path)
      try await database.migrate()
      let writers = (0..<4).map { writer in
        Task {
          for index in 0..<50 {
            _ = try await database.insertSession(makeSession("user-\(writer)-\(index)"))
          }
        }
      }
      for number in 0..<10 {
        let user = "kept-\(number)"
        var session = try await database.insertSession(makeSession(user))
        try await database.setConnected(true, sessionID: session.id, at: later)
        session.isConnected = true
        session.updatedAt = later
        // What a process leaves behind that is killed now: the file and its log, as they are.
        let copy = path + ".copy\(number)"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        try FileManager.default.copyItem(atPath: path + "-wal", toPath: copy + "-wal")
        let left = try SQLiteDatabase(path: copy)
        try await left.migrate()
        #expect(try await left.session(ofUser: user) == session)
        _ = try await left.insertSession(makeSession("after"))
        try left.close()
        #expect(try RawSQLite(path: copy).strings("PRAGMA integrity_check") == ["ok"])
      }
      for writer in writers { try await writer.value }
      try database.close()
    }
  }

  @Test func `a file that is none is an error`() async throws {
    try await withTemporaryFile { path in
      let error = await failure { () async throws(UserAPIError) in
        _ = try SQLiteDatabase(path: path + "/no/such/directory.db")
      }
      #expect(error?.reason == .storeUnavailable)
      try Data("this is no database, and long enough to be read as one".utf8)
        .write(to: URL(fileURLWithPath: path))
      let broken = await failure { () async throws(UserAPIError) in
        let database = try SQLiteDatabase(path: path)
        try await database.migrate()
      }
      #expect(broken?.reason == .storeUnavailable)
    }
  }

  @Test func `a closed database does not answer`() async throws {
    try await withTemporaryFile { path in
      let database = try SQLiteDatabase(path: path)
      try await database.migrate()
      try await database.ping()
      try database.close()
      let error = await failure { () async throws(UserAPIError) in try await database.ping() }
      #expect(error?.reason == .storeUnavailable)
    }
  }
}
