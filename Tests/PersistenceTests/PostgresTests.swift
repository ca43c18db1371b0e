import AuthService
import Foundation
import SessionService
import TestKit
import Testing
import UserAPI

@testable import Persistence

/// What is stored, and where.
@Suite(.needsPostgres, .timeLimit(.minutes(10))) struct PostgresTests {
  // MARK: Values

  @Test(
    arguments: [
      0, -1, 1, -999, 999, 946_684_799_999, 946_684_800_000, 946_684_800_001, 1_769_860_800_123,
      // The first and the last that the API can write, and those that PostgreSQL can hold.
      -62_135_596_800_000, 253_402_300_799_999, -210_866_803_200_000, 9_224_318_015_999_999,
    ] as [Int64])
  func `times are kept to the millisecond, however far`(milliseconds: Int64) async throws {
    try await withPostgres { database, raw async throws in
      let time = Timestamp(millisecondsSinceEpoch: milliseconds)
      var session = makeSession("user-1")
      session.createdAt = time
      #expect(try await database.insertSession(session) == session)
      #expect(try await database.session(ofUser: "user-1")?.createdAt == time)
      // Another program sees the same.
      let seen = try await raw.run(
        "SELECT (extract(epoch FROM created_at) * 1000)::bigint FROM whatsapp_sessions")
      #expect(seen == ["\(milliseconds)"])
    }
  }

  @Test func `times that others write finer are cut`() async throws {
    try await withPostgres { database, raw async throws in
      _ = try await database.insertSession(makeSession("user-1"))
      for (text, expected) in [
        ("2026-01-31T12:00:00.123999Z", "2026-01-31T12:00:00.123Z"),
        ("2026-01-31T14:00:00.000001+02:00", "2026-01-31T12:00:00.000Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999Z"),
      ] {
        try await raw.run("UPDATE whatsapp_sessions SET created_at = '\(text)'")
        let session = try await database.session(ofUser: "user-1")
        #expect(session?.createdAt.description == expected)
      }
    }
  }

  @Test(arguments: [Int64.max, .min, 9_224_318_016_000_000, -210_866_803_200_001])
  func `a time that no row can hold is an error of ours`(milliseconds: Int64) async throws {
    try await withPostgres { database, _ async throws in
      var session = makeSession("user-1")
      session.createdAt = Timestamp(millisecondsSinceEpoch: milliseconds)
      let stored = session
      let error = await failure { () async throws(UserAPIError) in
        try await database.insertSession(stored)
      }
      #expect(error?.reason == .internalError)
      #expect(try await database.session(ofUser: "user-1") == nil)
    }
  }

  @Test func `a text with NUL is an error before it is sent`() async throws {
    try await withPostgres { database, _ async throws in
      let errors = [
        await failure { () async throws(UserAPIError) in
          _ = try await database.session(ofUser: "a\0b")
        },
        await failure { () async throws(UserAPIError) in
          _ = try await database.insertSession(makeSession("\0"))
        },
        await failure { () async throws(UserAPIError) in
          try await database.recordUses(["tok\0": noon])
        },
      ]
      for error in errors { #expect(error?.reason == .internalError) }
      // Nobody can have such an id: the service lets none in.
      #expect(!UserName.isValid("a\0b"))
      try await database.ping()
    }
  }

  @Test func `what is large goes both ways`() async throws {
    try await withPostgres { database, raw async throws in
      _ = try await database.insertSession(makeSession("user-1"))
      let name = String(repeating: "日本 🏖 ", count: 200_000)
      let groups = try await database.write { session throws(PostgresFailure) in
        try session.query(
          """
          INSERT INTO whatsapp_groups SELECT i::text, $1, i::text, 'id-user-1', now(), now()
          FROM generate_series(1, 5) i
          """, .text(name)
        ).changedCount
      }
      #expect(groups == 5)
      let stored = try await database.groups(ofSession: "id-user-1")
      #expect(stored.map(\.groupName) == Array(repeating: name, count: 5))
      let many = (0..<5_000).map { "tok_\($0)" }
      try await database.insert(makeToken("tok_4999", seed: 1))
      try await database.recordUses(Dictionary(uniqueKeysWithValues: many.map { ($0, later) }))
      #expect(try await database.token(id: "tok_4999")?.lastUsedAt == later)
    }
  }

  @Test(arguments: [
    "UPDATE whatsapp_sessions SET created_at = 'infinity'",
    "UPDATE whatsapp_sessions SET updated_at = '-infinity'",
    "ALTER TABLE whatsapp_sessions ALTER created_at TYPE text",
    "ALTER TABLE whatsapp_sessions ALTER updated_at TYPE timestamp",
    "ALTER TABLE whatsapp_sessions ALTER session_name DROP NOT NULL; "
      + "UPDATE whatsapp_sessions SET session_name = NULL",
    "UPDATE message_campaigns SET start_date = 'infinity'",
    "UPDATE api_tokens SET role = 'KING'", "UPDATE api_tokens SET expires_at = 'infinity'",
    "ALTER TABLE api_tokens DROP CONSTRAINT api_tokens_digest_check; "
      + "UPDATE api_tokens SET digest = '\\x00'",
    "DROP TABLE message_campaigns, whatsapp_groups, whatsapp_sessions, api_tokens",
    "ALTER TABLE whatsapp_sessions DROP COLUMN updated_at",
  ])
  func `what nobody would have written is an error and no crash`(sql: String) async throws {
    try await withPostgres { database, raw async throws in
      _ = try await database.insertSession(makeSession("user-1"))
      let token = makeToken("tok_1", seed: 1)
      try await database.insert(token)
      try await raw.run(
        """
        INSERT INTO whatsapp_groups VALUES ('g', 'n', '1@g.us', 'id-user-1', now(), now());
        INSERT INTO message_campaigns VALUES
          ('c', 'id-user-1', 'g', 'x', 'SCHEDULED', now(), NULL, false, now(), now());
        """)
      // What is prepared was so before.
      _ = try await database.session(ofUser: "user-1")
      try await raw.run(sql)
      let errors = [
        await failure { () async throws(UserAPIError) in
          _ = try await database.session(ofUser: "user-1")
        },
        await failure { () async throws(UserAPIError) in
          _ = try await database.groups(ofSession: "id-user-1")
        },
        await failure { () async throws(UserAPIError) in _ = try await database.tokens() },
      ].compactMap { $0 }
      #expect(!errors.isEmpty)
      let isStructure = sql.hasPrefix("DROP") || sql.contains("DROP COLUMN")
      let expected: ErrorReason = isStructure ? .storeUnavailable : .internalError
      #expect(errors.allSatisfy { $0.reason == expected }, "\(errors)")
      try await database.ping()
    }
  }

  @Test func `errors say nothing of what is stored or asked`() async throws {
    try await withPostgres { database, _ async throws in
      _ = try await database.insertSession(makeSession("secret-user", id: "secret-id"))
      try await database.insert(makeToken("secret-token", seed: 1))
      let errors = [
        await failure { () async throws(UserAPIError) in
          _ = try await database.insertSession(makeSession("secret-other", id: "secret-id"))
        },
        await failure { () async throws(UserAPIError) in
          try await database.insert(makeToken("secret-token", seed: 2))
        },
        await failure { () async throws(UserAPIError) in
          try await database.write { session throws(PostgresFailure) in
            _ = try session.query("SELECT $1::int", .text("secret"))
          }
        },
        await failure { () async throws(UserAPIError) in
          try await database.write { session throws(PostgresFailure) in
            _ = try session.script("SELECT secret FROM secret")
          }
        },
      ].compactMap { $0 }
      #expect(errors.count == 4)
      for error in errors {
        let cause = try #require(error.cause)
        let said = "\(error) \(error.message) \(cause) \(String(reflecting: cause))"
        #expect(!said.contains("secret"), "\(said)")
      }
      #expect(errors[0].cause.map { "\($0)" } == "SQLSTATE 23505")
    }
  }

  // MARK: Several programs

  @Test func `of many programs at the same time one wins and all get it`() async throws {
    try await withPostgresDatabase { raw async throws in
      let url = try PostgresURL(raw.url)
      let databases = (0..<4).map { _ in PostgresDatabase(url: url, configuration: .patient) }
      for round in 0..<5 {
        let stored = try await withThrowingTaskGroup(of: SessionRecord.self) { group in
          for index in 0..<32 {
            group.addTask {
              let number = "\(round)-\(index)"
              return try await databases[index % 4].insertSession(
                makeSession("user-\(round)", id: "id-" + number, name: "s_" + number))
            }
          }
          return try await group.reduce(into: Set<String>()) { $0.insert($1.id) }
        }
        #expect(stored.count == 1)
        let rows = try await raw.run(
          "SELECT id FROM whatsapp_sessions WHERE user_id = 'user-\(round)'")
        #expect(rows == Array(stored))
      }
      for database in databases { await database.close() }
    }
  }

  @Test func `two programs may write down the same uses at once`() async throws {
    try await withPostgresDatabase { raw async throws in
      let url = try PostgresURL(raw.url)
      let databases = (0..<2).map { _ in PostgresDatabase(url: url, configuration: .patient) }
      for seed in 0..<50 as Range<UInt8> {
        try await databases[0].insert(makeToken("tok_\(seed)", seed: seed))
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for round in 0..<40 {
          group.addTask {
            let time = noon.advanced(by: .milliseconds(round))
            try await databases[round % 2].recordUses(
              Dictionary(uniqueKeysWithValues: (0..<50).map { ("tok_\($0)", time) }))
          }
        }
        try await group.waitForAll()
      }
      let uses = try await databases[0].tokens().map(\.lastUsedAt)
      #expect(uses == Array(repeating: noon.advanced(by: .milliseconds(39)), count: 50))
      for database in databases { await database.close() }
    }
  }

  // MARK: The schema

  @Test func `several programs may migrate a new database at once`() async throws {
    for _ in 0..<3 {
      try await withEmptyPostgres { raw async throws in
        let url = try PostgresURL(raw.url)
        try await withThrowingTaskGroup(of: Void.self) { group in
          for index in 0..<8 {
            group.addTask {
              let database = PostgresDatabase(url: url, configuration: .patient)
              try await database.migrate()
              _ = try await database.insertSession(makeSession("user-\(index)"))
              await database.close()
            }
          }
          try await group.waitForAll()
        }
        #expect(try await raw.run("SELECT count(*) FROM whatsapp_sessions") == ["8"])
        let names = try await raw.run("SELECT name FROM user_api_migrations ORDER BY name")
        #expect(names == PostgresSchema.migrations.map(\.name))
      }
    }
  }

  @Test func `migrating again changes nothing, nor does it where a newer version has been`()
    async throws
  {
    try await withPostgres { database, raw async throws in
      let stored = try await database.insertSession(makeSession("user-1"))
      try await raw.run(
        "INSERT INTO user_api_migrations (name) VALUES ('99-newer');"
          + "ALTER TABLE whatsapp_sessions ADD COLUMN newer text")
      let before = try await raw.run("SELECT * FROM user_api_migrations")
      try await database.migrate()
      try await database.migrate()
      #expect(try await raw.run("SELECT * FROM user_api_migrations") == before)
      #expect(try await database.session(ofUser: "user-1") == stored)
    }
  }

  @Test func `a migration is made as a whole or not at all, and lets the next try`() async throws {
    try await withEmptyPostgres { raw async throws in
      try await raw.run("CREATE TABLE message_campaigns (something text)")
      let database = PostgresDatabase(url: try PostgresURL(raw.url), configuration: .patient)
      for _ in 0..<2 {
        let error = await failure { () async throws(UserAPIError) in try await database.migrate() }
        #expect(error?.reason == .storeUnavailable)
        #expect(error?.cause.map { "\($0)" } == "SQLSTATE 42P07")
      }
      let tables = try await raw.run("SELECT to_regclass('whatsapp_sessions') IS NULL")
      #expect(tables == ["t"])
      try await raw.run("DROP TABLE message_campaigns")
      try await database.migrate()
      #expect(try await database.session(ofUser: "user-1") == nil)
      await database.close()
    }
  }

  @Test func `who may not change the schema may run on one that is there`() async throws {
    try await withPostgresDatabase { raw async throws in
      let role = raw.name
      try await raw.run(
        """
        CREATE ROLE \(role) LOGIN PASSWORD 'pw'; REVOKE ALL ON SCHEMA public FROM public;
        GRANT USAGE ON SCHEMA public TO \(role);
        GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO \(role);
        """)
      let url = try postgresURL(of: raw, user: role, password: "pw")
      let database = PostgresDatabase(url: url, configuration: .patient)
      try await database.migrate()
      _ = try await database.insertSession(makeSession("user-1"))
      await database.close()
      try await raw.run("DROP OWNED BY \(role); DROP ROLE \(role)")
    }
  }
}
