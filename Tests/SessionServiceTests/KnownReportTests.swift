import AuthService
import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct KnownReportTests {
  @Test func `nothing is known before somebody has asked`() async throws {
    let service = Service()
    let caller = try await makeCaller()
    service.store.setRecord(.sample())
    service.upstream.setStatus(.starting, named: "s_test")
    #expect(try service.sessions.knownReport(named: "s_test", of: caller) == nil)
    let session = try await service.sessions.session(named: "s_test", of: caller)
    #expect(try service.sessions.knownReport(named: "s_test", of: caller) == nil)
    let report = try await service.sessions.report(of: session)
    #expect(try service.sessions.knownReport(named: "s_test", of: caller) == report)
    #expect(service.upstream.script.steps == [.status])
  }

  @Test func `what is known is as old as it may be, and no older`() async throws {
    let service = Service()
    let session = try await service.session(.starting)
    let caller = try await makeCaller()
    _ = try await service.sessions.report(of: session)
    service.time.advance(by: .milliseconds(999))
    #expect(try service.sessions.knownReport(named: "s_test", of: caller) != nil)
    service.time.advance(by: .milliseconds(1))
    #expect(try service.sessions.knownReport(named: "s_test", of: caller) == nil)
  }

  @Test func `what is known and what is asked for is counted, each once a call`() async throws {
    let service = Service()
    let session = try await service.session(.starting)
    let caller = try await makeCaller()
    let (owners, statuses) = (service.sessions.ownerCacheUse, service.sessions.statusCacheUse)
    #expect(owners.hits == 0 && owners.misses == 1)
    _ = try await service.sessions.report(of: session)
    #expect(statuses.hits == 0 && statuses.misses == 1)
    for _ in 0..<2 { _ = try service.sessions.knownReport(named: "s_test", of: caller) }
    #expect(owners.hits == 2 && statuses.hits == 2)
    service.time.advance(by: .seconds(1))
    _ = try service.sessions.knownReport(named: "s_test", of: caller)
    #expect(owners.hits == 2 && statuses.hits == 2)
    #expect(owners.misses == 1 && statuses.misses == 1)
  }

  @Test func `nothing is known of a session that is changed`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    let caller = try await makeCaller()
    _ = try await service.sessions.report(of: session)
    try await service.sessions.logout(session)
    #expect(try service.sessions.knownReport(named: "s_test", of: caller) == nil)
  }

  @Test(arguments: ["s_other", "S_TEST", "", "s_tes", "s_test "])
  func `another's name is nobody's, though the report of both is known`(name: String) async throws {
    let service = Service()
    let session = try await service.session(.starting)
    service.store.setRecord(.sample(name: "s_other", userID: "user-2"))
    service.upstream.setStatus(.starting, named: "s_other")
    let others = try await service.sessions.session(
      named: "s_other", of: try await makeCaller("user-2"))
    for session in [session, others] { _ = try await service.sessions.report(of: session) }
    let caller = try await makeCaller()
    let refused = await failure { () async throws(UserAPIError) in
      try service.sessions.knownReport(named: name, of: caller)
    }
    #expect(refused?.reason == .sessionNotFound)
  }

  @Test func `that WAHA has lost the session is known as well`() async throws {
    let service = Service()
    let session = try await service.session(nil)
    let caller = try await makeCaller()
    let asked = await failure { () async throws(UserAPIError) in
      try await service.sessions.report(of: session)
    }
    let known = await failure { () async throws(UserAPIError) in
      try service.sessions.knownReport(named: "s_test", of: caller)
    }
    #expect(known?.reason == .sessionMissingUpstream)
    #expect(Seen(known) == Seen(asked))
  }
}
