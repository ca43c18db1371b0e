import Foundation
import NIOConcurrencyHelpers
import SessionService
import TestKit
import Testing
import UserAPI

@testable import Persistence

/// Who is given a connection, and for how long.
@Suite(.needsPostgres, .timeLimit(.minutes(10))) struct PostgresPoolTests {
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
}
