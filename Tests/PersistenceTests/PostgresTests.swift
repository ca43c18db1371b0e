import AuthService
import Foundation
import NIOConcurrencyHelpers
import SessionService
import TestKit
import Testing
import UserAPI

@testable import Persistence

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

  // MARK: The pool

  @Test func `there are as many connections as are needed, and no more than there may be`()
    async throws
  {
    var configuration = PostgresDatabase.Configuration.patient
    configuration.maxConnections = 3
    try await withPostgres(configuration) { database, raw async throws in
      for _ in 0..<20 { try await database.ping() }
      #expect(try await connections(raw) == 1)
      let pids = try await withThrowingTaskGroup(of: Int64.self) { group in
        for _ in 0..<60 {
          group.addTask { try await backend(database, after: "SELECT pg_sleep(0.01)::text") }
        }
        return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
      }
      #expect(pids.count == 3)
      #expect(try await connections(raw) == 3)
      #expect(database.pool.counts == .init(idle: 3))
    }
  }

  @Test func `who comes first is served first, and too many are refused`() async throws {
    var configuration = PostgresDatabase.Configuration.patient
    configuration.maxConnections = 1
    configuration.maxWaiters = 3
    try await withPostgres(configuration) { database, _ async throws in
      let gate = Gate()
      let holder = Task { try await database.write { _ in gate.pass() } }
      await gate.isReached()
      let order = NIOLockedValueBox<[Int]>([])
      var callers: [Task<Void, any Error>] = []
      for number in 0..<3 {
        callers.append(
          Task {
            try await database.read { _ in order.withLockedValue { $0.append(number) } }
          })
        await until { database.pool.counts.waiting == number + 1 }
      }
      let refused = await failure { () async throws(UserAPIError) in
        _ = try await database.session(ofUser: "user-1")
      }
      #expect(refused?.reason == .storeUnavailable)
      #expect(refused?.cause.map { "\($0)" } == "too many wait for a connection")
      // One who leaves has left at once, and makes room.
      callers[1].cancel()
      #expect(await callers[1].failure?.reason == .canceled)
      #expect(database.pool.counts.waiting == 2)
      gate.open()
      try await holder.value
      try await callers[0].value
      try await callers[2].value
      #expect(order.withLockedValue { $0 } == [0, 2])
    }
  }

  @Test func `nobody waits for a connection for longer than a statement may take`() async throws {
    var configuration = PostgresDatabase.Configuration.patient
    configuration.maxConnections = 1
    try await withPostgres(configuration) { database, _ async throws in
      let gate = Gate()
      let holder = Task { try await database.write { _ in gate.pass() } }
      await gate.isReached()
      await #expect(throws: PostgresFailure.unavailable("no connection was free in time")) {
        try await database.pool.run(.read, ceiling: .milliseconds(100)) { _ in }
      }
      gate.open()
      try await holder.value
      #expect(try await database.session(ofUser: "user-1") == nil)
    }
  }

  @Test func `callers whose threads are busy keep no connection from the others`() async throws {
    try await withPostgres { database, _ async throws in
      let executor = ManualExecutor()
      let callers = (0..<20).map { _ in
        Task(executorPreference: executor) { try await database.session(ofUser: "user-1") }
      }
      // Each has begun to read, and comes to its next turn only later.
      executor.run(jobs: callers.count)
      #expect(try await database.session(ofUser: "user-2") == nil)
      await until { database.pool.counts.leased == 0 }
      executor.runFromNowOn()
      for caller in callers { #expect(try await caller.value == nil) }
    }
  }

  @Test func `a statement is prepared once a connection`() async throws {
    var configuration = PostgresDatabase.Configuration.patient
    configuration.maxConnections = 1
    try await withPostgres(configuration) { database, _ async throws in
      for user in 0..<20 { _ = try await database.session(ofUser: "user-\(user)") }
      let calls = try await database.read { session throws(PostgresFailure) in
        try session.query(
          """
          SELECT generic_plans + custom_plans FROM pg_prepared_statements
          WHERE statement LIKE 'SELECT id, % FROM whatsapp_sessions WHERE user_id = %'
          """
        ).map { row throws(PostgresFailure) in try row.integer(0) }
      }
      #expect(calls == [20])
    }
  }

  @Test func `a closed database does not answer, and leaves nothing behind`() async throws {
    try await withPostgres { database, raw async throws in
      let gate = Gate()
      let holder = Task { try await database.write { _ in gate.pass() } }
      await gate.isReached()
      let waits = Task { await database.close() }
      await until {
        await failure { () async throws(UserAPIError) in try await database.ping() } != nil
      }
      gate.open()
      // Who was at it is not disturbed.
      try await holder.value
      await waits.value
      let error = await failure { () async throws(UserAPIError) in try await database.ping() }
      #expect(error?.reason == .storeUnavailable)
      try await eventually { try await connections(raw) == 0 }
      await database.close()
    }
  }

  @Test func `who forgets to close leaves nothing behind`() async throws {
    try await withPostgresDatabase { raw async throws in
      do {
        let database = PostgresDatabase(url: try PostgresURL(raw.url), configuration: .patient)
        try await database.ping()
      }
      try await eventually { try await connections(raw) == 0 }
    }
  }

  // MARK: Time

  @Test func `who leaves is let go at once, and what was begun for him is ended`() async throws {
    var configuration = PostgresDatabase.Configuration.patient
    configuration.maxConnections = 1
    try await withPostgres(configuration) { database, raw async throws in
      let pid = try await backend(database)
      for _ in 0..<10 {
        let caller = Task { try await backend(database, after: "SELECT pg_sleep(60)::text") }
        try await eventually { try await sleepers(raw) == 1 }
        caller.cancel()
        #expect(await caller.failure?.reason == .canceled)
        // Whoever comes next is not hit by what was meant for another.
        #expect(try await backend(database) == pid)
        #expect(try await sleepers(raw) == 0)
      }
    }
  }

  @Test func `what was half done by who leaves is undone`() async throws {
    try await withPostgres { database, raw async throws in
      let caller = Task {
        try await database.write { session throws(PostgresFailure) in
          try session.transaction { () throws(PostgresFailure) in
            try session.script("DELETE FROM user_api_migrations")
            try session.query("SELECT pg_sleep(60)::text")
          }
        }
      }
      try await eventually { try await sleepers(raw) == 1 }
      caller.cancel()
      #expect(await caller.failure?.reason == .canceled)
      await until { database.pool.counts == .init(idle: 1) }
      #expect(try await raw.run("SELECT count(*) FROM user_api_migrations") != ["0"])
      let state = try await raw.run(
        "SELECT state FROM pg_stat_activity WHERE application_name = 'user-api-server' "
          + "AND datname = current_database()")
      #expect(state == ["idle"])
    }
  }

  @Test func `who has left before gets nothing, and takes nothing`() async throws {
    try await withPostgres { database, raw async throws in
      let caller = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        try await database.write { session throws(PostgresFailure) in
          _ = try session.script("DELETE FROM user_api_migrations")
        }
      }
      #expect(await caller.failure?.reason == .canceled)
      await until { database.pool.counts.leased == 0 && database.pool.counts.connecting == 0 }
      #expect(try await raw.run("SELECT count(*) FROM user_api_migrations") != ["0"])
    }
  }

  @Test func `callers who leave at any moment disturb nobody`() async throws {
    var configuration = PostgresDatabase.Configuration.patient
    configuration.maxConnections = 4
    try await withPostgres(configuration) { database, _ async throws in
      _ = try await database.insertSession(makeSession("user-1"))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<400 {
          group.addTask {
            let caller = Task { try await database.session(ofUser: "user-1") }
            if number % 2 == 0 {
              for _ in 0..<(number % 40) { await Task.yield() }
              caller.cancel()
              let reason = await caller.failure?.reason
              #expect(reason == nil || reason == .canceled)
            } else {
              let userID = try await caller.value?.userID
              #expect(userID == "user-1")
            }
          }
        }
        try await group.waitForAll()
      }
      await until { database.pool.counts.leased == 0 }
    }
  }

  @Test func `who leaves while a statement is prepared spoils nothing for the next`() async throws {
    var configuration = PostgresDatabase.Configuration.patient
    configuration.maxConnections = 1
    try await withPostgres(configuration) { database, _ async throws in
      for number in 0..<5 {
        let pid = try await backend(database)
        kill(pid_t(pid), SIGSTOP)
        let caller = Task {
          try await database.read { session throws(PostgresFailure) in
            _ = try session.query("SELECT 'left \(number)'")
          }
        }
        await until { database.pool.counts.leased == 1 }
        await pause()
        caller.cancel()
        let reason = await caller.failure?.reason
        // The server answers what it was asked, and only then sees that nobody wants it.
        kill(pid_t(pid), SIGCONT)
        #expect(reason == .canceled)
        try await database.read { session throws(PostgresFailure) in
          _ = try session.query("SELECT 'next \(number)'")
        }
      }
    }
  }

  @Test func `a server that stays read-only costs no new connection for each write`() async throws {
    try await withPostgresDatabase { raw async throws in
      try await raw.run(
        "ALTER DATABASE \"\(raw.name)\" SET default_transaction_read_only = on")
      let database = PostgresDatabase(url: try PostgresURL(raw.url), configuration: .patient)
      var pids: Set<Int64> = []
      for _ in 0..<50 {
        pids.insert(try await backend(database))
        let error = await failure { () async throws(UserAPIError) in
          _ = try await database.insertSession(makeSession("user-1"))
        }
        #expect(error?.reason == .storeUnavailable)
      }
      // One is given up only when it is some seconds old.
      #expect(pids.count < 25)
      await database.close()
    }
  }

  @Test func `a statement takes no longer than it may, and the connection stays`() async throws {
    var configuration = PostgresDatabase.Configuration.patient
    configuration.maxConnections = 1
    // To wait for a connection may take as long.
    configuration.ceiling = .seconds(2)
    try await withPostgres(configuration) { database, _ async throws in
      let pid = try await backend(database)
      let error = await failure { () async throws(UserAPIError) in
        _ = try await backend(database, after: "SELECT pg_sleep(60)::text")
      }
      #expect(error?.reason == .storeUnavailable)
      #expect(error?.cause.map { "\($0)" } == "it took too long")
      #expect(try await backend(database) == pid)
    }
  }

  @Test func `a server that says nothing any more is given up, and its connection closed`()
    async throws
  {
    var configuration = PostgresDatabase.Configuration.patient
    configuration.maxConnections = 1
    try await withPostgres(configuration) { database, _ async throws in
      let pid = try await backend(database)
      kill(Int32(pid), SIGSTOP)
      await #expect(throws: PostgresFailure.timedOut) {
        try await database.pool.run(.read, ceiling: .milliseconds(100)) {
          session throws(PostgresFailure) in _ = try session.query("SELECT 1")
        }
      }
      try await eventually {
        do { return try await backend(database) != pid } catch { return false }
      }
      kill(Int32(pid), SIGCONT)
    }
  }

  // MARK: Losses

  @Test func `a connection that is ended while it is idle is replaced`() async throws {
    try await withPostgres { database, raw async throws in
      for _ in 0..<20 {
        let pid = try await backend(database)
        try await terminate(pid, raw)
        // A write, too: nothing was sent.
        let session = try await database.insertSession(makeSession("user-1"))
        #expect(session == makeSession("user-1"))
      }
    }
  }

  @Test func `a read whose connection is ended under it is tried once more`() async throws {
    try await withPostgres { database, raw async throws in
      let tries = NIOLockedValueBox<[Int64]>([])
      let reader = Task {
        try await database.read { session throws(PostgresFailure) in
          let number = tries.withLockedValue { $0.count }
          let pid = try processID(session)
          tries.withLockedValue { $0.append(pid) }
          if number == 0 { try session.query("SELECT pg_sleep(60)::text") }
          return pid
        }
      }
      try await eventually { try await sleepers(raw) == 1 }
      try await terminate(tries.withLockedValue { $0[0] }, raw)
      let pid = try await reader.value
      #expect(tries.withLockedValue { $0.count } == 2)
      #expect(tries.withLockedValue { $0[0] } != pid)
    }
  }

  @Test func `a read is not tried for ever, and a write whose connection breaks not again`()
    async throws
  {
    try await withPostgres { database, raw async throws in
      for (access, expected) in [(PostgresPool.Access.read, 2), (.write, 1)] {
        let tries = NIOLockedValueBox(0)
        let caller = Task {
          try await database.pool.run(access) { session throws(PostgresFailure) in
            tries.withLockedValue { $0 += 1 }
            // Ends itself, as it does that.
            try session.query("SELECT pg_terminate_backend(pg_backend_pid())::text")
          }
        }
        let result = await caller.result
        #expect(throws: PostgresFailure.lost(isSent: true, SQLState("57P01"))) {
          try result.get()
        }
        #expect(tries.withLockedValue { $0 } == expected)
      }
    }
  }

  @Test func `what was done before its connection broke is not done again`() async throws {
    try await withPostgres { database, raw async throws in
      let tries = NIOLockedValueBox(0)
      let caller = Task {
        try await database.pool.run(.write) { session throws(PostgresFailure) in
          let number = tries.withLockedValue { tries in
            tries += 1
            return tries
          }
          try session.query(
            "INSERT INTO user_api_migrations (name) VALUES ($1)", .text("try-\(number)"))
          // Nothing of the next is sent: the server does not know it.
          try session.query("SELECT pg_terminate_backend(pg_backend_pid())::text")
        }
      }
      _ = await caller.result
      #expect(
        try await raw.run("SELECT name FROM user_api_migrations WHERE name LIKE 'try%'")
          == ["try-1"])
      // In a transaction it is not done before the end: a server that no longer knows a statement undoes
      // it, and another connection is tried.
      tries.withLockedValue { $0 = 0 }
      try await database.write { session throws(PostgresFailure) in
        try session.transaction { () throws(PostgresFailure) in
          let insert = "INSERT INTO user_api_migrations (name) VALUES ($1)"
          try session.query(insert, .text("once"))
          let number = tries.withLockedValue { tries in
            tries += 1
            return tries
          }
          if number == 1 { try session.script("DEALLOCATE ALL") }
          try session.query(insert, .text("twice"))
        }
      }
      #expect(
        try await raw.run("SELECT name FROM user_api_migrations WHERE name LIKE '%ce'")
          == ["once", "twice"])
    }
  }

  @Test func `what was prepared and is gone is prepared again`() async throws {
    var configuration = PostgresDatabase.Configuration.patient
    configuration.maxConnections = 1
    try await withPostgres(configuration) { database, raw async throws in
      let session = try await database.insertSession(makeSession("user-1"))
      try await database.write { session throws(PostgresFailure) in
        _ = try session.script("DISCARD ALL")
      }
      #expect(try await database.insertSession(makeSession("user-1")) == session)
      #expect(try await database.session(ofUser: "user-1") == session)
      // What a column is has changed under what was prepared.
      try await raw.run("ALTER TABLE whatsapp_sessions ALTER phone_number TYPE varchar(40)")
      #expect(try await database.session(ofUser: "user-1") == session)
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
