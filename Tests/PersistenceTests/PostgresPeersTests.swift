import NIOConcurrencyHelpers
import SessionService
import TestKit
import Testing
import UserAPI

@testable import Persistence

/// Two servers over one database, as far as they agree by it.
@Suite(.needsPostgres, .timeLimit(.minutes(10))) struct PostgresPeersTests {
  /// What a server hears.
  private final class Ear: Sendable {
    private let news = NIOLockedValueBox<[SessionNews]>([])

    func hear(_ news: SessionNews) { self.news.withLockedValue { $0.append(news) } }

    var all: [SessionNews] { self.news.withLockedValue { $0 } }

    func hears(_ news: SessionNews) async { await until { self.all.contains(news) } }
  }

  private struct Pair {
    let database: PostgresDatabase
    let raw: PostgresTestDatabase
    let one: any SessionPeers
    let other: any SessionPeers
    let ownEar = Ear()
    let ear = Ear()

    /// Ends all connections of the servers.
    func disconnect() async throws {
      try await self.raw.run(
        """
        SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'user-api-server'
        """)
    }

    /// How many locks of users are held.
    func locks() async throws -> Int {
      let lines = try await self.raw.run(
        """
        SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """)
      return lines.first.flatMap { Int($0) } ?? -1
    }
  }

  /// Two servers, the second of which hears what the first tells.
  private func withPair(_ body: (Pair) async throws -> Void) async throws {
    try await withPostgres { database, raw async throws in
      for number in 1...3 { _ = try await database.insertSession(makeSession("user-\(number)")) }
      let pair = Pair(
        database: database, raw: raw, one: database.makePeers(), other: database.makePeers())
      await pair.one.listen { pair.ownEar.hear($0) }
      await pair.other.listen { pair.ear.hear($0) }
      let result: Result<Void, any Error>
      do { result = .success(try await body(pair)) } catch { result = .failure(error) }
      await pair.one.close()
      await pair.other.close()
      try result.get()
    }
  }

  /// Holds the lock of a user until it is let go.
  private final class Holder: Sendable {
    private let isHeld = NIOLockedValueBox(false)
    private let continuation: AsyncStream<Void>.Continuation
    let task: Task<Bool, any Error>

    /// - Parameter peers: Whose lock it is.
    init(_ peers: any SessionPeers, _ userID: String) {
      let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
      self.continuation = continuation
      let isHeld = self.isHeld
      self.task = Task {
        try await peers.withLock(ofUser: userID) { () async throws(UserAPIError) -> Bool in
          isHeld.withLockedValue { $0 = true }
          for await _ in stream {}
          if Task.isCancelled { throw .canceled }
          return true
        }
      }
    }

    var holds: Bool { self.isHeld.withLockedValue { $0 } }

    func isThere() async { await until { self.holds } }

    func letGo() async throws -> Bool {
      self.continuation.finish()
      return try await self.task.value
    }
  }

  // MARK: Locks

  @Test func `one server at a time does something to a user's session`() async throws {
    try await self.withPair { pair in
      let first = Holder(pair.one, "user-1")
      await first.isThere()
      let second = Holder(pair.other, "user-1")
      let elsewhere = Holder(pair.other, "user-2")
      await elsewhere.isThere()
      #expect(!second.holds)
      #expect(try await first.letGo())
      await second.isThere()
      #expect(try await second.letGo())
      #expect(try await elsewhere.letGo())
      try await eventually { try await pair.locks() == 0 }
    }
  }

  @Test func `of many who want a lock on either server each has it, and none beside another`()
    async throws
  {
    try await self.withPair { pair in
      let inside = NIOLockedValueBox((now: 0, most: 0))
      // What the servers themselves see to.
      let locks = [KeyedLock<Int>(), KeyedLock<Int>()]
      let sum = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<40 {
          group.addTask {
            let peers = number % 2 == 0 ? pair.one : pair.other
            return try await locks[number % 2].withLock(0) { () async throws(UserAPIError) in
              try await peers.withLock(ofUser: "user-1") { () async throws(UserAPIError) in
                inside.withLockedValue {
                  $0.now += 1
                  $0.most = max($0.most, $0.now)
                }
                for _ in 0..<10 { await Task.yield() }
                inside.withLockedValue { $0.now -= 1 }
                return 1
              }
            }
          }
        }
        return try await group.reduce(0, +)
      }
      #expect(sum == 40)
      #expect(inside.withLockedValue { $0.most } == 1)
      try await eventually { try await pair.locks() == 0 }
    }
  }

  @Test func `what is thrown under a lock is thrown, and the lock is given back`() async throws {
    try await self.withPair { pair in
      let error = await failure { () async throws(UserAPIError) in
        try await pair.one.withLock(ofUser: "user-1") { () async throws(UserAPIError) in
          throw UserAPIError(.restartFailed, "no")
        }
      }
      #expect(error?.reason == .restartFailed)
      try await pair.other.withLock(ofUser: "user-1") {}
    }
  }

  @Test func `who leaves while another has the lock has left at once, and takes nothing`()
    async throws
  {
    try await self.withPair { pair in
      let holder = Holder(pair.one, "user-1")
      await holder.isThere()
      let callers = (0..<20).map { _ in Holder(pair.other, "user-1") }
      for (number, caller) in callers.enumerated() {
        for _ in 0..<(number * 3) { await Task.yield() }
        caller.task.cancel()
        do {
          _ = try await caller.task.value
          Issue.record("it has got what another holds")
        } catch { #expect((error as? UserAPIError)?.reason == .canceled) }
        #expect(!caller.holds)
      }
      #expect(try await holder.letGo())
      try await eventually { try await pair.locks() == 0 }
    }
  }

  @Test func `who leaves just as the lock is free leaves none behind`() async throws {
    try await self.withPair { pair in
      for number in 0..<60 {
        let caller = Task {
          try await pair.one.withLock(ofUser: "user-1") { () async throws(UserAPIError) in }
        }
        for _ in 0..<(number * 2) { await Task.yield() }
        caller.cancel()
        let reason = await caller.failure?.reason
        #expect(reason == nil || reason == .canceled)
      }
      try await eventually { try await pair.locks() == 0 }
      try await pair.other.withLock(ofUser: "user-1") {}
    }
  }

  @Test func `many users at once leave no lock behind`() async throws {
    try await self.withPair { pair in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<2_000 {
          group.addTask { try await pair.one.withLock(ofUser: "many \(number)") {} }
        }
        try await group.waitForAll()
      }
      try await eventually { try await pair.locks() == 0 }
    }
  }

  @Test func `who loses the connection stops, and another may begin`() async throws {
    try await self.withPair { pair in
      let holder = Holder(pair.one, "user-1")
      await holder.isThere()
      try await pair.disconnect()
      let error = await #expect(throws: UserAPIError.self) { try await holder.task.value }
      #expect(error?.reason == .storeUnavailable)
      #expect(error?.message == "the database was lost in the middle")
      // Both are back by themselves.
      let next = Holder(pair.other, "user-1")
      await next.isThere()
      #expect(try await next.letGo())
      try await pair.one.withLock(ofUser: "user-1") {}
    }
  }

  @Test func `one of the servers is the reconciler, until it goes`() async throws {
    try await self.withPair { pair in
      #expect(await pair.one.isReconciler())
      #expect(await pair.one.isReconciler())
      #expect(await !pair.other.isReconciler())
      await pair.one.close()
      await until { await pair.other.isReconciler() }
      #expect(await !pair.one.isReconciler())
    }
  }

  // MARK: News

  @Test func `what one tells the other hears`() async throws {
    try await self.withPair { pair in
      let announced = SessionNews.announced(name: makeSession("user-1").name)
      let changed = SessionNews.changed(.ended, name: makeSession("user-2").name, userID: "user-2")
      pair.one.tell(.announced(name: "nobody-has-that"))
      pair.one.tell(announced)
      pair.one.tell(changed)
      await pair.ear.hears(announced)
      await pair.ear.hears(changed)
      #expect(Set(pair.ear.all.map { "\($0)" }).count == 2)
      #expect(pair.ownEar.all.isEmpty)
    }
  }

  @Test func `what happens while nobody listens is heard later`() async throws {
    try await self.withPair { pair in
      let changed = SessionNews.changed(.ended, name: makeSession("user-3").name, userID: "user-3")
      // As another server would, whose notification nobody got.
      try await pair.raw.run(
        "UPDATE whatsapp_sessions SET announced_at = now() WHERE user_id = 'user-3'")
      #expect(pair.ear.all.isEmpty)
      try await pair.disconnect()
      await pair.ear.hears(changed)
    }
  }

  @Test func `many sessions are told of at once, and none is forgotten`() async throws {
    try await self.withPair { pair in
      let names = (0..<1_200).map { "s_many_\($0)" }
      try await pair.raw.run(
        """
        INSERT INTO whatsapp_sessions (id, session_name, user_id, status, created_at, updated_at)
        SELECT 'many-' || i, 's_many_' || i, 'many ' || i, 'CONNECTED', now(), now()
        FROM generate_series(0, 1199) i
        """)
      for name in names { pair.one.tell(.announced(name: name)) }
      await until { pair.ear.all.count >= names.count }
      #expect(Set(pair.ear.all.map { "\($0)" }).count == names.count)
    }
  }

  @Test func `what cannot be told while the server is gone is told when it is back`() async throws {
    try await PostgresCluster.with { cluster in
      try await cluster.server.withDatabase { raw async throws in
        let database = PostgresDatabase(url: try PostgresURL(raw.url), configuration: .patient)
        try await database.migrate()
        _ = try await database.insertSession(makeSession("user-1"))
        let (one, other, ear) = (database.makePeers(), database.makePeers(), Ear())
        await one.listen { _ in }
        await other.listen { ear.hear($0) }
        try await cluster.stop()
        let error = await failure { () async throws(UserAPIError) in
          try await one.withLock(ofUser: "user-1") { Issue.record("nobody knows what others do") }
        }
        #expect(error?.reason == .storeUnavailable)
        let news = SessionNews.changed(.ended, name: makeSession("user-1").name, userID: "user-1")
        one.tell(news)
        try await cluster.start()
        await ear.hears(news)
        await one.close()
        await other.close()
        await database.close()
      }
    }
  }
}
