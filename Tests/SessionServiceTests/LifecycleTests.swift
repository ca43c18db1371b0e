import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct LifecycleTests {
  @Test(arguments: [SessionStatus.working, .scanQRCode, SessionStatus(rawValue: "NEW_WORD")])
  func `a restart is one call to WAHA, and over when the session is up`(
    outcome: SessionStatus
  ) async throws {
    let service = Service()
    let session = try await service.session(.working)
    service.upstream.setStartsInto(.starting)
    let restart = Task.immediate { try await service.sessions.restart(session) }
    for nap in 1...3 {
      await service.time.slept(times: nap)
      service.time.advance(by: .seconds(1))
    }
    await service.time.slept(times: 4)
    service.upstream.setStatus(outcome, named: "s_test")
    service.time.advance(by: .seconds(1))
    try await restart.value
    #expect(service.upstream.script.count(.restart) == 1)
    #expect(
      service.time.naps == [100, 200, 400, 800].map { .milliseconds($0) })
  }

  @Test func `a restart after which the session stays failed is an error`() async throws {
    let service = Service(time: ManualTime(skipsSleeps: true))
    let session = try await service.session(.working)
    service.upstream.setStartsInto(.failed)
    let error = await failure { () async throws(UserAPIError) in
      try await service.sessions.restart(session)
    }
    #expect(error?.reason == .restartFailed)
    #expect(error?.code == .failedPrecondition)
  }

  @Test func `a session that fails for a moment after a restart is no error`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    service.upstream.setStartsInto(.failed)
    let restart = Task.immediate { try await service.sessions.restart(session) }
    await service.time.slept(times: 1)
    service.upstream.setStatus(.working, named: "s_test")
    service.time.advance(by: .milliseconds(100))
    try await restart.value
  }

  @Test func `a WAHA that fails while a session comes up is asked again`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    service.upstream.script.fail(at: 1, with: .unreachable)
    let restart = Task.immediate { try await service.sessions.restart(session) }
    await service.time.slept(times: 1)
    service.time.advance(by: .milliseconds(100))
    try await restart.value
    #expect(service.upstream.script.steps == [.restart, .status, .status])
  }

  @Test func `at its deadline a restart says what was done`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    service.upstream.script.hold(.restart)
    service.upstream.setStartsInto(.starting)
    let deadline = service.time.now + .seconds(5)
    func restart() -> Task<Void, any Error> {
      Task.immediate { try await service.sessions.restart(session, until: deadline) }
    }
    let early = restart()
    await service.upstream.script.reached(.restart)
    await service.time.slept(times: 1)
    service.time.advance(by: .seconds(5))
    let asked = await early.failure
    #expect(asked?.reason == .deadlineExceeded)
    #expect(asked?.message.contains("may do so yet") == true)
    service.upstream.script.release(.restart)
    let late = Task.immediate {
      try await service.sessions.restart(session, until: deadline + .seconds(5))
    }
    // Its deadline, and the pause before WAHA is asked again.
    await service.time.slept(times: 3)
    service.time.advance(by: .seconds(5))
    let restarted = await late.failure
    #expect(restarted?.reason == .deadlineExceeded)
    #expect(restarted?.message.contains("not up yet") == true)
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
    #expect(service.upstream.script.count(.logout) == 0)
    #expect(service.upstream.names == ["s_test"])
  }

  @Test func `at its deadline a logout says what was done, and that it goes on`() async throws {
    for (step, word) in [
      (ScriptedUpstream.Step.status, "nothing was done at WAHA yet"),
      (.logout, "asked to unlink"), (.delete, "unlinked, but"),
    ] {
      let service = Service()
      let session = try await service.session(.working)
      service.upstream.script.hold(step)
      let deadline = service.time.now + .seconds(5)
      let logout = Task.immediate {
        try await service.sessions.logout(session, until: deadline)
      }
      await service.upstream.script.reached(step)
      await service.time.slept(times: 1)
      service.time.advance(by: .seconds(5))
      let error = await logout.failure
      #expect(error?.reason == .deadlineExceeded)
      #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
      #expect(error?.message.contains("goes on by itself") == true)
    }
  }

  @Test func `every action says that the session changes, before and after`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    try await service.sessions.restart(session)
    #expect(service.changes.values == ["s_test", "s_test", "s_test"])
    service.upstream.script.failAll(with: .unreachable)
    _ = await failure { () async throws(UserAPIError) in
      try await service.sessions.logout(session)
    }
    #expect(service.changes.values.count == 5)
  }
}
