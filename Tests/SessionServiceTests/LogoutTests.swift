import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct LogoutTests {
  @Test func `the phone is unlinked before the session is deleted`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    try await service.sessions.logout(session)
    let steps = service.upstream.script.steps
    let logout = try #require(steps.firstIndex(of: .logout))
    let delete = try #require(steps.firstIndex(of: .delete))
    #expect(logout < delete)
    #expect(service.upstream.names.isEmpty)
    #expect(!service.upstream.isLinked("s_test"))
  }

  @Test func `the session is not stopped first, which would leave the phone linked`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    try await service.sessions.logout(session)
    #expect(service.upstream.script.count(.start) == 0)
    #expect(service.upstream.script.count(.restart) == 0)
  }

  @Test func `the row stays, and the next initiate reuses its name and id`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    try await service.sessions.logout(session)
    let record = try #require(service.store.record(ofUser: "user-1"))
    #expect(!record.isConnected)
    let again = try await service.sessions.initiate(for: try await makeCaller())
    #expect(again == session)
    #expect(service.store.record(ofUser: "user-1")?.isConnected == true)
    #expect(service.upstream.status(named: "s_test") == .starting)
  }

  @Test func `logging out twice succeeds twice`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    try await service.sessions.logout(session)
    service.upstream.script.clear()
    try await service.sessions.logout(session)
    #expect(service.upstream.script.count(.logout) == 0)
    #expect(service.upstream.script.count(.delete) == 0)
    #expect(service.store.record(ofUser: "user-1")?.isConnected == false)
  }

  @Test(arguments: [SessionStatus.working, .stopped, .failed, .scanQRCode], [false, true])
  func `whatever step fails, the same call goes on from there`(
    status: SessionStatus, afterwards: Bool
  ) async throws {
    var failures = 0
    for index in 0..<6 {
      let service = Service(time: ManualTime(skipsSleeps: true))
      let session = try await service.session(.working)
      service.upstream.setStatus(status, named: "s_test")
      service.upstream.script.fail(at: index, with: .unreachable, afterwards: afterwards)
      let error = await failure { () async throws(UserAPIError) in
        try await service.sessions.logout(session)
      }
      if error != nil {
        failures += 1
        #expect(error?.reason == .upstreamUnavailable)
        #expect(service.store.record(ofUser: "user-1")?.removal != nil)
        try await service.sessions.logout(session)
      }
      #expect(service.upstream.names.isEmpty)
      #expect(!service.upstream.isLinked("s_test"))
      #expect(service.store.record(ofUser: "user-1")?.isConnected == false)
      #expect(service.store.record(ofUser: "user-1")?.removal == nil)
    }
    #expect(failures >= 3)
  }

  @Test(arguments: [false, true], [0, 1])
  func `a store that fails is made good by the next call`(
    afterwards: Bool, index: Int
  ) async throws {
    let service = Service()
    let session = try await service.session(.working)
    service.store.script.fail(at: index, with: .storeDown, afterwards: afterwards)
    let error = await failure { () async throws(UserAPIError) in
      try await service.sessions.logout(session)
    }
    #expect(error?.reason == .storeUnavailable)
    try await service.sessions.logout(session)
    #expect(service.store.record(ofUser: "user-1")?.isConnected == false)
  }

  @Test func `nothing is done that is not noted first`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    service.store.script.fail(with: .storeDown)
    _ = await failure { () async throws(UserAPIError) in
      try await service.sessions.logout(session)
    }
    #expect(service.upstream.script.steps.isEmpty)
  }

  @Test func `a stopped session is started first, or its phone could not be unlinked`()
    async throws
  {
    let service = Service()
    let session = try await service.session(.working)
    service.upstream.setStatus(.stopped, named: "s_test")
    try await service.sessions.logout(session)
    #expect(
      service.upstream.script.steps == [.status, .start, .status, .logout, .delete, .status])
    #expect(!service.upstream.isLinked("s_test"))
  }

  @Test func `a stopped session that does not come up is deleted all the same`() async throws {
    let service = Service(time: ManualTime(skipsSleeps: true))
    let session = try await service.session(.stopped)
    service.upstream.setStartsInto(.starting)
    try await service.sessions.logout(session)
    #expect(service.upstream.names.isEmpty)
  }

  @Test func `a delete that WAHA gave up on and went on with is a delete`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    service.upstream.script.fail(
      at: 2, with: UserAPIError(.upstreamTimeout, "late"), afterwards: true)
    try await service.sessions.logout(session)
    #expect(service.store.record(ofUser: "user-1")?.isConnected == false)
  }

  @Test func `an error says that the phone is unlinked already`() async throws {
    let service = Service(time: ManualTime(skipsSleeps: true))
    let session = try await service.session(.working)
    service.upstream.script.fail(at: 2, with: UserAPIError(.upstreamTimeout, "late"))
    let error = await failure { () async throws(UserAPIError) in
      try await service.sessions.logout(session)
    }
    #expect(error?.reason == .upstreamTimeout)
    #expect(error?.message.hasPrefix("late; the phone is unlinked") == true)
  }

  /// Gives a logout up while WAHA deletes the session, which shows a code by then.
  private func departingSession(_ service: Service) async throws -> OwnedSession {
    let session = try await service.session(.working)
    service.upstream.script.hold(.delete)
    let call = Task.immediate { try await service.sessions.logout(session) }
    await service.upstream.script.reached(.delete)
    call.cancel()
    #expect(await call.failure?.code == .canceled)
    service.upstream.setStatus(.scanQRCode, named: session.name)
    return session
  }

  @Test func `who initiates while WAHA deletes the session gets it made anew`() async throws {
    let service = Service()
    let session = try await self.departingSession(service)
    let caller = try await makeCaller()
    let initiate = Task { try await service.sessions.initiate(for: caller) }
    await service.time.slept(times: 1)
    service.upstream.setStatus(nil, named: session.name)
    service.time.advance(by: .seconds(1))
    #expect(try await initiate.value == session)
    #expect(service.upstream.script.count(.create) == 1)
    #expect(service.store.record(ofUser: "user-1")?.isConnected == true)
    #expect(service.store.record(ofUser: "user-1")?.removal == nil)
  }

  @Test func `who initiates after a logout that came to no end has the session back`()
    async throws
  {
    let service = Service(time: ManualTime(skipsSleeps: true))
    let session = try await self.departingSession(service)
    #expect(try await service.sessions.initiate(for: try await makeCaller()) == session)
    #expect(service.upstream.script.count(.delete) == 1)
    #expect(service.upstream.script.count(.create) == 0)
    #expect(service.store.record(ofUser: "user-1")?.removal == nil)
  }

  @Test func `a logout that is given up can be called again`() async throws {
    let service = Service()
    let session = try await self.departingSession(service)
    await service.upstream.script.canceled(.delete)
    service.upstream.script.release(.delete)
    try await service.sessions.logout(session)
    #expect(service.upstream.names.isEmpty)
  }
}
