import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct SessionStoreTests {
  @Test(arguments: Driver.allCases)
  func `what is stored is found by its user`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      var session = makeSession("user-1")
      session.phoneNumber = "+15551234567"
      session.isConnected = true
      session.updatedAt = later
      #expect(try await stores.sessions.session(ofUser: "user-1") == nil)
      #expect(try await stores.sessions.insertSession(session) == session)
      #expect(try await stores.sessions.session(ofUser: "user-1") == session)
      #expect(try await stores.sessions.session(ofUser: "USER-1") == nil)
      #expect(try await stores.sessions.session(ofUser: "") == nil)
    }
  }

  @Test(arguments: Driver.allCases)
  func `text is stored as it is, whatever it says`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      for (index, userID) in ["o'brien", "'; DROP TABLE x; --", "日本 🏖", "a\"b", "%_"].enumerated() {
        let session = makeSession(userID, id: "id\(index)", name: "s\(index)")
        #expect(try await stores.sessions.insertSession(session).userID == userID)
        #expect(try await stores.sessions.session(ofUser: userID) == session)
      }
    }
  }

  @Test(arguments: Driver.allCases)
  func `a user's second session is not stored`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      let first = try await stores.sessions.insertSession(makeSession("user-1"))
      let second = try await stores.sessions.insertSession(
        makeSession("user-1", id: "other", name: "s_other"))
      #expect(second == first)
    }
  }

  @Test(arguments: Driver.allCases)
  func `of many at the same time one wins and all get it`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      let stored = try await withThrowingTaskGroup(of: SessionRecord.self) { group in
        for index in 0..<100 {
          group.addTask {
            try await stores.sessions.insertSession(
              makeSession("user-1", id: "id-\(index)", name: "s_\(index)"))
          }
        }
        return try await group.reduce(into: Set<String>()) { $0.insert($1.name) }
      }
      #expect(stored.count == 1)
      #expect(try await stores.sessions.session(ofUser: "user-1")?.name == stored.first)
    }
  }

  @Test(arguments: Driver.allCases)
  func `no two users have a session of one name or id`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      _ = try await stores.sessions.insertSession(makeSession("user-1"))
      for taken in [
        makeSession("user-2", name: "s_user-1"), makeSession("user-2", id: "id-user-1"),
      ] {
        let error = await failure { () async throws(UserAPIError) in
          try await stores.sessions.insertSession(taken)
        }
        #expect(error?.reason == .storeUnavailable)
      }
      #expect(try await stores.sessions.session(ofUser: "user-2") == nil)
    }
  }

  @Test(arguments: Driver.allCases)
  func `changes reach the session they are for, with their time`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      var first = try await stores.sessions.insertSession(makeSession("user-1"))
      let second = try await stores.sessions.insertSession(makeSession("user-2"))
      try await stores.sessions.setConnected(true, sessionID: first.id, at: later)
      first.isConnected = true
      first.updatedAt = later
      #expect(try await stores.sessions.session(ofUser: "user-1") == first)
      let number = try #require(PhoneNumber("+1 555 1234567"))
      try await stores.sessions.setPhoneNumber(number, sessionID: first.id, at: noon)
      first.phoneNumber = "+15551234567"
      first.updatedAt = noon
      #expect(try await stores.sessions.session(ofUser: "user-1") == first)
      for removal in [SessionRemoval.begun, .unlinked] {
        try await stores.sessions.setRemoval(removal, sessionID: first.id, at: later)
        first.removal = removal
        first.updatedAt = later
        #expect(try await stores.sessions.session(ofUser: "user-1") == first)
      }
      try await stores.sessions.setConnected(false, sessionID: first.id, at: noon)
      first.isConnected = false
      first.removal = nil
      first.updatedAt = noon
      #expect(try await stores.sessions.session(ofUser: "user-1") == first)
      #expect(try await stores.sessions.session(ofUser: "user-2") == second)
      try await stores.sessions.setConnected(true, sessionID: "no such", at: later)
    }
  }

  @Test(arguments: Driver.allCases)
  func `all sessions can be read page by page, by their ids`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      var made: [SessionRecord] = []
      for user in ["user-3", "user-1", "user-2"] {
        made.append(try await stores.sessions.insertSession(makeSession(user)))
      }
      made.sort { $0.id < $1.id }
      #expect(try await stores.sessions.sessions(after: nil, limit: 2) == Array(made[..<2]))
      #expect(
        try await stores.sessions.sessions(after: made[1].id, limit: 2) == Array(made[2...]))
      #expect(try await stores.sessions.sessions(after: made[2].id, limit: 2).isEmpty)
    }
  }

  @Test(arguments: Driver.allCases)
  func `groups come with the campaigns that are to run, in their order`(
    driver: Driver
  ) async throws {
    try await driver.withStores { stores async throws in
      for user in ["user-1", "user-2"] {
        _ = try await stores.sessions.insertSession(makeSession(user))
      }
      #expect(try await stores.sessions.groups(ofSession: "id-user-1").isEmpty)
      try await stores.execute(Self.campaigns)
      let groups = try await stores.sessions.groups(ofSession: "id-user-1")
      #expect(groups.map(\.id) == ["g1", "g3", "g2"])
      #expect(groups.map(\.groupName) == ["First", "Same time", "Second"])
      #expect(groups.map(\.groupId) == ["1@g.us", "3@g.us", "2@g.us"])
      #expect(groups[0].campaigns.map(\.id) == ["c2", "c3", "c1"])
      #expect(groups[0].campaigns.map(\.status) == ["SCHEDULED", "IN_PROGRESS", "SCHEDULED"])
      #expect(groups[0].campaigns[0].startDate == Timestamp("2026-02-03T04:05:06.007Z"))
      #expect(groups[1].campaigns.isEmpty)
      #expect(groups[2].campaigns.isEmpty)
      #expect(try await stores.sessions.groups(ofSession: "id-user-2").map(\.id) == ["g9"])
      #expect(try await stores.sessions.groups(ofSession: "no such").isEmpty)
    }
  }

  private static let campaigns = """
    INSERT INTO whatsapp_groups
      (id, group_name, group_id, session_id, created_at, updated_at) VALUES
      ('g2', 'Second', '2@g.us', 'id-user-1', '2026-01-02T00:00:00.000Z', '2026-01-02T00:00:00.000Z'),
      ('g1', 'First', '1@g.us', 'id-user-1', '2026-01-01T00:00:00.000Z', '2026-01-09T00:00:00.000Z'),
      ('g3', 'Same time', '3@g.us', 'id-user-1', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'),
      ('g9', 'Theirs', '1@g.us', 'id-user-2', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');
    INSERT INTO message_campaigns
      (id, session_id, group_id, title, status, start_date, is_deleted, created_at, updated_at) VALUES
      ('c1', 'id-user-1', 'g1', 'x', 'SCHEDULED', '2026-02-03T04:05:06.007Z', FALSE, '2026-01-03T00:00:00.000Z', '2026-01-01T00:00:00.000Z'),
      ('c3', 'id-user-1', 'g1', 'x', 'IN_PROGRESS', '2026-02-03T04:05:06.007Z', FALSE, '2026-01-02T00:00:00.000Z', '2026-01-01T00:00:00.000Z'),
      ('c2', 'id-user-1', 'g1', NULL, 'SCHEDULED', '2026-02-03T04:05:06.007Z', FALSE, '2026-01-02T00:00:00.000Z', '2026-01-01T00:00:00.000Z'),
      ('c4', 'id-user-1', 'g1', 'x', 'SCHEDULED', '2026-02-03T04:05:06.007Z', TRUE, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'),
      ('c5', 'id-user-1', 'g1', 'x', 'COMPLETED', '2026-02-03T04:05:06.007Z', FALSE, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'),
      ('c6', 'id-user-1', 'g2', 'x', 'CANCELLED', '2026-02-03T04:05:06.007Z', FALSE, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'),
      ('c9', 'id-user-2', 'g9', 'x', 'SCHEDULED', '2026-02-03T04:05:06.007Z', FALSE, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');
    """

  @Test(
    arguments: Driver.allCases,
    [
      "INSERT INTO whatsapp_sessions VALUES "
        + "('x', 's', NULL, 'u', 'SLEEPING', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')",
      "INSERT INTO whatsapp_groups VALUES "
        + "('x', 'n', 'g', 'nobody', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')",
    ])
  func `the schema refuses what makes no sense`(driver: Driver, sql: String) async throws {
    try await driver.withStores { stores async throws in
      await #expect(throws: (any Error).self) { try await stores.execute(sql) }
    }
  }

  @Test(arguments: Driver.allCases)
  func `a session that is deleted takes its groups and campaigns with it`(
    driver: Driver
  ) async throws {
    try await driver.withStores { stores async throws in
      for user in ["user-1", "user-2"] {
        _ = try await stores.sessions.insertSession(makeSession(user))
      }
      try await stores.execute(Self.campaigns)
      try await stores.execute("DELETE FROM whatsapp_sessions WHERE id = 'id-user-1'")
      #expect(try await stores.sessions.groups(ofSession: "id-user-1").isEmpty)
      #expect(try await stores.sessions.groups(ofSession: "id-user-2").count == 1)
    }
  }
}
