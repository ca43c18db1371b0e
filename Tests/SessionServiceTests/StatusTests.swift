import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct StatusTests {
  @Test(arguments: ["STOPPED", "STARTING", "SCAN_QR_CODE", "WORKING", "FAILED", "NEW_WORD"])
  func `the word is WAHA's own`(word: String) async throws {
    let service = Service()
    let session = try await service.session(SessionStatus(rawValue: word))
    #expect(try await service.sessions.status(of: session).rawValue == word)
  }

  @Test func `a session that WAHA no longer has is an error`() async throws {
    let service = Service()
    let session = try await service.session(nil)
    let error = await failure { () async throws(UserAPIError) in
      try await service.sessions.status(of: session)
    }
    #expect(error?.reason == .sessionMissingUpstream)
    #expect(error?.code == .failedPrecondition)
  }

  @Test(arguments: [Duration.zero, .seconds(1)])
  func `callers at the same time share one question`(maxAge: Duration) async throws {
    let service = Service(statusMaxAge: maxAge)
    let session = try await service.session(.working)
    service.upstream.script.hold(.status)
    let calls = (0..<100).map { _ in
      Task.immediate { try await service.sessions.status(of: session) }
    }
    await service.upstream.script.reached(.status)
    service.upstream.script.release(.status)
    for call in calls { #expect(try await call.value == .working) }
    #expect(service.upstream.script.count(.status) == 1)
  }

  @Test func `a status is given out again until its age is reached`() async throws {
    let service = Service()
    let session = try await service.session(.starting)
    _ = try await service.sessions.status(of: session)
    service.upstream.setStatus(.working, named: "s_test")
    service.time.advance(by: .milliseconds(999))
    #expect(try await service.sessions.status(of: session) == .starting)
    service.time.advance(by: .milliseconds(1))
    #expect(try await service.sessions.status(of: session) == .working)
    #expect(service.upstream.script.count(.status) == 2)
  }

  @Test func `an age of zero asks every time`() async throws {
    let service = Service(statusMaxAge: .zero)
    let session = try await service.session(.starting)
    for _ in 0..<3 { _ = try await service.sessions.status(of: session) }
    #expect(service.upstream.script.count(.status) == 3)
  }

  @Test func `a failure is not remembered`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    service.upstream.script.fail(with: .unreachable)
    let error = await failure { () async throws(UserAPIError) in
      try await service.sessions.status(of: session)
    }
    #expect(error?.reason == .upstreamUnavailable)
    #expect(try await service.sessions.status(of: session) == .working)
  }

  @Test func `what the service does to a session makes its status out of date`() async throws {
    let service = Service(statusMaxAge: .seconds(3_600))
    let session = try await service.session(.working)
    let caller = try await makeCaller()
    #expect(try await service.sessions.status(of: session) == .working)
    service.upstream.setStartsInto(.scanQRCode)
    try await service.sessions.restart(session)
    #expect(try await service.sessions.status(of: session) == .scanQRCode)
    try await service.sessions.logout(session)
    let error = await failure { () async throws(UserAPIError) in
      try await service.sessions.status(of: session)
    }
    #expect(error?.reason == .sessionMissingUpstream)
    _ = try await service.sessions.initiate(for: caller)
    #expect(try await service.sessions.status(of: session) == .starting)
  }

  @Test func `a failed action makes it out of date as well`() async throws {
    let service = Service(statusMaxAge: .seconds(3_600))
    let session = try await service.session(.working)
    #expect(try await service.sessions.status(of: session) == .working)
    service.upstream.setStartsInto(.scanQRCode)
    service.upstream.script.fail(with: .unreachable, afterwards: true)
    _ = await failure { () async throws(UserAPIError) in
      try await service.sessions.restart(session)
    }
    #expect(try await service.sessions.status(of: session) == .scanQRCode)
  }

  @Test func `what was read from before a restart on is not given to who asks after it`()
    async throws
  {
    let service = Service(statusMaxAge: .seconds(3_600))
    let session = try await service.session(.working)
    service.upstream.setStartsInto(.scanQRCode)
    service.upstream.script.hold(.status)
    let early = Task.immediate { try await service.sessions.status(of: session) }
    await service.upstream.script.reached(.status)
    let restart = Task.immediate { try await service.sessions.restart(session) }
    // It asks whether the session is up.
    await service.upstream.script.reached(.status, times: 2)
    let late = Task.immediate { try await service.sessions.status(of: session) }
    await service.upstream.script.reached(.status, times: 3)
    service.upstream.script.release(.status)
    #expect(try await early.value == .working)
    #expect(try await late.value == .scanQRCode)
    try await restart.value
    #expect(try await service.sessions.status(of: session) == .scanQRCode)
  }

  @Test func `what was read during a restart is not remembered after it`() async throws {
    let service = Service(statusMaxAge: .seconds(3_600))
    let session = try await service.session(.working)
    service.upstream.setStartsInto(.scanQRCode)
    service.upstream.script.hold(.restart)
    let restart = Task.immediate { try await service.sessions.restart(session) }
    await service.upstream.script.reached(.restart)
    #expect(try await service.sessions.status(of: session) == .working)
    service.upstream.script.release(.restart)
    try await restart.value
    #expect(try await service.sessions.status(of: session) == .scanQRCode)
  }
}
