import SessionService
import TestKit
import Testing
import UserAPI

@testable import Persistence

@Suite(.timeLimit(.minutes(10))) struct PlacementTests {
  private static let a = HostName(stored: "a")
  private static let b = HostName(stored: "b")

  private static func placement(_ first: Int?, _ second: Int?) -> HostPlacement {
    HostPlacement(hosts: [
      .init(name: Self.a, capacity: first), .init(name: Self.b, capacity: second),
    ])
  }

  private static func connected(_ user: String) -> SessionRecord {
    var session = makeSession(user)
    session.isConnected = true
    return session
  }

  /// Places as many sessions as it can of those that are tried at once.
  private static func fill(_ stores: [any SessionStore], _ placement: HostPlacement) async throws
    -> [HostName: Int]
  {
    let reasons = try await withThrowingTaskGroup(of: ErrorReason?.self) { group in
      for index in 0..<60 {
        let store = stores[index % stores.count]
        group.addTask {
          await failure { () async throws(UserAPIError) in
            try await store.insertSession(Self.connected("user-\(index)"), on: placement)
          }?.reason
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(reasons.allSatisfy { $0 == nil || $0 == .noCapacity }, "\(reasons)")
    let stored = try await stores[0].sessions(after: nil, limit: 100)
    #expect(stored.count == reasons.count { $0 == nil })
    return stored.reduce(into: [:]) { $0[$1.host, default: 0] += 1 }
  }

  @Test(arguments: Driver.allCases)
  func `the place is chosen by what is connected, and stored`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      let placement = Self.placement(nil, 2)
      var hosts: [HostName] = []
      for index in 0..<6 {
        let stored = try await stores.sessions.insertSession(
          Self.connected("user-\(index)"), on: placement)
        #expect(try await stores.sessions.session(ofUser: "user-\(index)") == stored)
        hosts.append(stored.host)
      }
      #expect(hosts == [Self.a, Self.b, Self.a, Self.b, Self.a, Self.a])
      // What is gone makes room.
      try await stores.sessions.setConnected(false, sessionID: "id-user-1", at: later)
      let next = try await stores.sessions.insertSession(
        Self.connected("user-6"), on: placement)
      #expect(next.host == Self.b)
    }
  }

  @Test(arguments: Driver.allCases)
  func `a place is taken back unless the session was noted otherwise since`(
    driver: Driver
  ) async throws {
    try await driver.withStores { stores async throws in
      let sessions = stores.sessions
      let placement = Self.placement(nil, nil)
      for isTouched in [false, true] {
        let user = "user-\(isTouched)"
        let new = try await sessions.insertSession(Self.connected(user), on: placement)
        if isTouched { try await sessions.setConnected(true, sessionID: new.id, at: later) }
        try await sessions.takeBackPlace(of: new, to: nil)
        #expect(try await sessions.session(ofUser: user) == nil ? !isTouched : isTouched)
      }
      for isTouched in [false, true] {
        let user = "user-2-\(isTouched)"
        let previous = try await sessions.insertSession(
          makeSession(user), on: Self.placement(nil, 0))
        let placed = try await sessions.placeSession(
          previous, on: Self.placement(0, nil), at: noon)
        #expect(placed.host != previous.host && placed.isConnected)
        if isTouched { try await sessions.setConnected(true, sessionID: placed.id, at: later) }
        try await sessions.takeBackPlace(of: placed, to: previous)
        let stored = try await sessions.session(ofUser: user)
        #expect(isTouched ? stored?.host == placed.host : stored == previous)
      }
    }
  }

  @Test(arguments: Driver.allCases)
  func `hosts whose names Swift takes for the same are one`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      for (user, host) in [("user-1", "\u{E9}"), ("user-2", "e\u{301}")] {
        _ = try await stores.sessions.insertSession(
          Self.connected(user),
          on: HostPlacement(hosts: [.init(name: HostName(stored: host))]))
      }
      let stored = try await stores.sessions.insertSession(
        Self.connected("user-3"), on: Self.placement(nil, nil))
      #expect(stored.host == Self.a)
    }
  }

  @Test(arguments: Driver.allCases)
  func `without room nothing is stored, and who has a session gets it`(
    driver: Driver
  ) async throws {
    try await driver.withStores { stores async throws in
      let placement = Self.placement(1, 0)
      let first = try await stores.sessions.insertSession(
        Self.connected("user-1"), on: placement)
      let error = await failure { () async throws(UserAPIError) in
        try await stores.sessions.insertSession(Self.connected("user-2"), on: placement)
      }
      #expect(error?.reason == .noCapacity)
      #expect(try await stores.sessions.session(ofUser: "user-2") == nil)
      #expect(
        try await stores.sessions.insertSession(Self.connected("user-1"), on: placement) == first)
    }
  }

  @Test(arguments: Driver.allCases)
  func `many at once fill the hosts, and no more`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      let filled = try await Self.fill([stores.sessions], Self.placement(17, 5))
      #expect(filled == [Self.a: 17, Self.b: 5])
    }
  }

  @Test(.needsPostgres) func `several servers at once fill the hosts, and no more`() async throws {
    try await withPostgresDatabase { raw async throws in
      let url = try PostgresURL(raw.url)
      let databases = (0..<4).map { _ in PostgresDatabase(url: url, configuration: .patient) }
      let filled = try await Self.fill(databases, Self.placement(17, 5))
      #expect(filled == [Self.a: 17, Self.b: 5])
      for database in databases { await database.close() }
    }
  }

  @Test func `several programs on one file fill the hosts, and no more`() async throws {
    try await withTemporaryFile { path in
      let databases = try (0..<2).map { _ in try SQLiteDatabase(path: path) }
      try await databases[0].migrate()
      let filled = try await Self.fill(databases, Self.placement(17, 5))
      #expect(filled == [Self.a: 17, Self.b: 5])
      for database in databases { try database.close() }
    }
  }

  @Test(arguments: Driver.allCases)
  func `a session is placed anew once, and counts for itself nowhere`(
    driver: Driver
  ) async throws {
    try await driver.withStores { stores async throws in
      var session = try await stores.sessions.insertSession(
        Self.connected("user-1"), on: Self.placement(1, 0))
      try await stores.sessions.setRemoval(.unlinked, sessionID: session.id, at: noon)
      session.removal = .unlinked
      // The only place is its own.
      let same = try await stores.sessions.placeSession(
        session, on: Self.placement(1, 0), at: later)
      session.removal = nil
      session.updatedAt = later
      #expect(same == session)
      let moved = try await stores.sessions.placeSession(
        session, on: Self.placement(0, 1), at: later)
      session.host = Self.b
      #expect(moved == session)
      #expect(try await stores.sessions.session(ofUser: "user-1") == session)
      // Another call for what it was before finds what became of that.
      #expect(
        try await stores.sessions.placeSession(same, on: Self.placement(5, 0), at: noon) == moved)
    }
  }

  @Test(arguments: Driver.allCases)
  func `a session that finds no room stays as it is`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      let session = try await stores.sessions.insertSession(
        makeSession("user-1"), on: Self.placement(1, 0))
      _ = try await stores.sessions.insertSession(
        Self.connected("user-2"), on: Self.placement(1, 0))
      let error = await failure { () async throws(UserAPIError) in
        try await stores.sessions.placeSession(session, on: Self.placement(1, 0), at: later)
      }
      #expect(error?.reason == .noCapacity)
      #expect(try await stores.sessions.session(ofUser: "user-1") == session)
      let unknown = await failure { () async throws(UserAPIError) in
        try await stores.sessions.placeSession(
          makeSession("user-3"), on: Self.placement(9, 9), at: later)
      }
      #expect(unknown?.reason == .sessionNotFound)
    }
  }

  @Test func `sessions of the version before are on the default host`() async throws {
    try await withTemporaryFile { path in
      try RawSQLite(path: path).migrate(to: "4-token-operations")
      let insert =
        "INSERT INTO whatsapp_sessions (id, session_name, user_id, status, created_at, updated_at)"
        + " VALUES ('id-%', 's_%', '%', 'CONNECTED', '2026-01-31T12:00:00.000Z', "
        + "'2026-01-31T12:00:00.000Z')"
      try RawSQLite(path: path).execute(insert.replacing("%", with: "user-1"))
      let database = try SQLiteDatabase(path: path)
      try await database.migrate()
      #expect(try await database.session(ofUser: "user-1") == Self.connected("user-1"))
      // A version that does not know the column goes on writing meanwhile.
      try RawSQLite(path: path).execute(insert.replacing("%", with: "user-2"))
      #expect(try await database.session(ofUser: "user-2")?.host == .default)
      try database.close()
    }
  }
}
