import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct InitiateTests {
  @Test func `the first call makes a session and starts it`() async throws {
    let service = Service()
    let session = try await service.sessions.initiate(for: try await makeCaller())
    #expect(service.upstream.status(named: session.name) == .starting)
    let record = try #require(service.store.record(ofUser: "user-1"))
    #expect(record.name == session.name)
    #expect(record.id == session.id)
    #expect(record.isConnected)
    #expect(service.upstream.script.steps == [.status, .create])
  }

  @Test func `names are random and such as WAHA takes`() async throws {
    let service = Service()
    var names: Set<String> = []
    for index in 0..<200 {
      let session = try await service.sessions.initiate(for: try await makeCaller("u\(index)"))
      names.insert(session.name)
      #expect(session.name.utf8.count <= 54)
      #expect(session.name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
      #expect(session.name != session.id)
    }
    #expect(names.count == 200)
  }

  @Test func `a thousand calls at once make one session`() async throws {
    let service = Service()
    let caller = try await makeCaller()
    service.upstream.script.hold(.create)
    let calls = (0..<1_000).map { _ in
      Task.immediate { try await service.sessions.initiate(for: caller) }
    }
    await service.upstream.script.reached(.create)
    service.upstream.script.release(.create)
    var made: Set<OwnedSession> = []
    for call in calls { made.insert(try await call.value) }
    #expect(made.count == 1)
    #expect(service.upstream.names.count == 1)
    #expect(service.upstream.script.count(.create) == 1)
    #expect(service.store.script.count(.insert) == 1)
  }

  @Test func `calls of two replicas at once give one session`() async throws {
    let first = Service()
    let second = Service(store: first.store, upstream: first.upstream)
    let caller = try await makeCaller()
    let made = try await withThrowingTaskGroup(of: OwnedSession.self) { group in
      for service in [first, second] {
        for _ in 0..<50 {
          group.addTask { try await service.sessions.initiate(for: caller) }
        }
      }
      return try await group.reduce(into: Set<OwnedSession>()) { $0.insert($1) }
    }
    #expect(made.count == 1)
    #expect(first.upstream.names.count == 1)
  }

  @Test func `a stopped session is started`() async throws {
    let service = Service()
    let session = try await service.session(.stopped)
    #expect(try await service.sessions.initiate(for: try await makeCaller()) == session)
    #expect(service.upstream.script.steps == [.status, .start])
    #expect(service.upstream.status(named: "s_test") == .working)
  }

  @Test func `a failed session is restarted`() async throws {
    let service = Service()
    let session = try await service.session(.failed)
    #expect(try await service.sessions.initiate(for: try await makeCaller()) == session)
    #expect(service.upstream.script.steps == [.status, .restart])
  }

  @Test(arguments: ["STARTING", "SCAN_QR_CODE", "WORKING", "PASSKEY_REQUIRED", "stopped"])
  func `a session in any other state is left alone`(word: String) async throws {
    let service = Service()
    let session = try await service.session(SessionStatus(rawValue: word))
    #expect(try await service.sessions.initiate(for: try await makeCaller()) == session)
    #expect(service.upstream.script.steps == [.status])
    #expect(service.upstream.status(named: "s_test")?.rawValue == word)
  }

  @Test func `a session that WAHA forgot is made again under its name`() async throws {
    let service = Service()
    let caller = try await makeCaller()
    let session = try await service.sessions.initiate(for: caller)
    service.upstream.setStatus(nil, named: session.name)
    #expect(try await service.sessions.initiate(for: caller) == session)
    #expect(service.upstream.names == [session.name])
    #expect(service.store.script.count(.insert) == 1)
  }

  @Test(arguments: [nil, "STOPPED", "FAILED", "STARTING", "SCAN_QR_CODE", "WORKING", "NEW_WORD"])
  func `nothing is ever stopped or deleted`(word: String?) async throws {
    let service = Service()
    _ = try await service.session(word.map { SessionStatus(rawValue: $0) })
    _ = try await service.sessions.initiate(for: try await makeCaller())
    #expect(service.upstream.script.count(.delete) == 0)
    #expect(service.upstream.script.count(.logout) == 0)
  }

  @Test func `users get sessions of their own`() async throws {
    let service = Service()
    let first = try await service.sessions.initiate(for: try await makeCaller("user-1"))
    let second = try await service.sessions.initiate(for: try await makeCaller("user-2"))
    #expect(first.name != second.name)
    #expect(first.id != second.id)
    #expect(service.upstream.names == [first.name, second.name])
  }
}
