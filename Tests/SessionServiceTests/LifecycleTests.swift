import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(1))) struct LifecycleTests {
  @Test func `a restart is one call to WAHA`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    try await service.sessions.restart(session)
    #expect(service.upstream.script.steps == [.restart])
    #expect(service.upstream.status(named: "s_test") == .starting)
  }

  @Test func `a restart that WAHA refuses fails with its reason`() async throws {
    let service = Service()
    let session = try await service.session(nil)
    let error = await failure { () async throws(UserAPIError) in
      try await service.sessions.restart(session)
    }
    #expect(error?.reason == .sessionMissingUpstream)
    #expect(error?.code == .failedPrecondition)
  }

  @Test func `who asks for a restart that is under way joins it`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    service.upstream.script.hold(.restart)
    let first = Task.immediate { try await service.sessions.restart(session) }
    await service.upstream.script.reached(.restart)
    let others = (0..<20).map { _ in
      Task.immediate { try await service.sessions.restart(session) }
    }
    service.upstream.script.release(.restart)
    try await first.value
    for other in others { try await other.value }
    #expect(service.upstream.script.count(.restart) == 1)
  }

  @Test func `a restart after one that is over is a new one`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    try await service.sessions.restart(session)
    try await service.sessions.restart(session)
    #expect(service.upstream.script.count(.restart) == 2)
  }

  @Test func `different actions on one session wait for each other`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    let caller = try await makeCaller()
    service.upstream.script.hold(.restart)
    let restart = Task.immediate { try await service.sessions.restart(session) }
    await service.upstream.script.reached(.restart)
    let logout = Task.immediate { try await service.sessions.logout(session) }
    let initiate = Task.immediate { try await service.sessions.initiate(for: caller) }
    // Time enough for the others to break in, if they could.
    for _ in 0..<1_000 { await Task.yield() }
    #expect(service.upstream.script.steps == [.restart])
    service.upstream.script.release(.restart)
    try await restart.value
    try await logout.value
    _ = try await initiate.value
    #expect(service.upstream.script.mostAtOnce == 1)
  }

  @Test func `the sessions of two users do not wait for each other`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    service.upstream.script.hold(.restart)
    let restart = Task.immediate { try await service.sessions.restart(session) }
    await service.upstream.script.reached(.restart)
    _ = try await service.sessions.initiate(for: try await makeCaller("user-2"))
    service.upstream.script.release(.restart)
    try await restart.value
  }

  @Test func `who waits for another action can give up`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    service.upstream.script.hold(.restart)
    let restart = Task.immediate { try await service.sessions.restart(session) }
    await service.upstream.script.reached(.restart)
    let logout = Task.immediate { try await service.sessions.logout(session) }
    logout.cancel()
    #expect(await logout.failure?.code == .canceled)
    service.upstream.script.release(.restart)
    try await restart.value
    #expect(service.upstream.script.steps == [.restart])
    #expect(service.upstream.names == ["s_test"])
  }

  @Test func `every action says that the session changes, before and after`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    try await service.sessions.restart(session)
    #expect(service.changes.values == ["s_test", "s_test"])
    service.upstream.script.failAll(with: .unreachable)
    _ = await failure { () async throws(UserAPIError) in
      try await service.sessions.logout(session)
    }
    #expect(service.changes.values.count == 4)
  }
}
