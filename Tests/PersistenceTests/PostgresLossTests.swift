import NIOConcurrencyHelpers
import SessionService
import TestKit
import Testing

@testable import Persistence

/// What becomes of connections that break.
@Suite(.needsPostgres, .timeLimit(.minutes(10))) struct PostgresLossTests {
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
}
