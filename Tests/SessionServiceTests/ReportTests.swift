import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct ReportTests {
  @Test(arguments: ["STOPPED", "STARTING", "SCAN_QR_CODE", "FAILED", "NEW_WORD"])
  func `what is not WORKING is WAHA's own word, and nothing more is asked`(
    word: String
  ) async throws {
    let service = Service()
    let status = SessionStatus(rawValue: word)
    let session = try await service.session(status)
    let report = try await service.sessions.report(of: session)
    #expect(report == SessionReport(status: status, reported: status))
    #expect(service.upstream.script.steps == [.status])
  }

  @Test func `a session that works was seen to`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    let report = try await service.sessions.report(of: session)
    #expect(
      report
        == SessionReport(
          status: .working, reported: .working, verifiedAt: service.time.wallClock))
    #expect(service.upstream.script.steps == [.status, .verify])
  }

  @Test func `one that is dead is not WORKING, whatever WAHA says`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    service.upstream.setDead(true)
    let report = try await service.sessions.report(of: session)
    #expect(
      report
        == SessionReport(
          status: .unknown, reported: .working, reason: .notVerified))
  }

  @Test func `one that dies is found within a minute, and doubted from the first failure on`()
    async throws
  {
    let service = Service()
    let session = try await service.session(.working)
    let seen = service.time.wallClock
    _ = try await service.sessions.report(of: session)
    service.upstream.setDead(true)
    service.time.advance(by: .seconds(20))
    #expect(
      try await service.sessions.report(of: session)
        == SessionReport(
          status: .working, reported: .working, verifiedAt: seen, reason: .notVerified,
          isStale: true))
    service.time.advance(by: .seconds(40))
    let report = try await service.sessions.report(of: session)
    #expect(report.status == .unknown)
    #expect(report.reported == .working)
    #expect(!report.isStale)
    service.upstream.setDead(false)
    service.time.advance(by: .seconds(5))
    #expect(try await service.sessions.report(of: session).status == .working)
  }

  @Test func `a session that works is tried again after 20 s, however often it is asked for`()
    async throws
  {
    let service = Service(statusMaxAge: .zero)
    let session = try await service.session(.working)
    for _ in 0..<10 { _ = try await service.sessions.report(of: session) }
    #expect(service.upstream.script.count(.verify) == 1)
    service.time.advance(by: .seconds(20))
    for _ in 0..<10 { _ = try await service.sessions.report(of: session) }
    #expect(service.upstream.script.count(.verify) == 2)
  }

  @Test func `who asks for a dead session does not wait for what failed just now`() async throws {
    let service = Service(statusMaxAge: .zero)
    let session = try await service.session(.working)
    service.upstream.setDead(true)
    for _ in 0..<10 { _ = try await service.sessions.report(of: session) }
    #expect(service.upstream.script.count(.verify) == 1)
    service.time.advance(by: .seconds(5))
    _ = try await service.sessions.report(of: session)
    #expect(service.upstream.script.count(.verify) == 2)
  }

  @Test func `callers at the same time share one question, and its answer for a second`()
    async throws
  {
    let service = Service()
    let session = try await service.session(.working)
    service.upstream.script.hold(.verify)
    let calls = (0..<100).map { _ in
      Task.immediate { try await service.sessions.report(of: session) }
    }
    await service.upstream.script.reached(.verify)
    service.upstream.script.release(.verify)
    for call in calls { #expect(try await call.value.status == .working) }
    service.time.advance(by: .milliseconds(999))
    _ = try await service.sessions.report(of: session)
    #expect(service.upstream.script.steps == [.status, .verify])
  }

  @Test func `what was seen before a restart says nothing after it`() async throws {
    let service = Service(statusMaxAge: .seconds(3_600))
    let session = try await service.session(.working)
    _ = try await service.sessions.report(of: session)
    service.upstream.setDead(true)
    try await service.sessions.restart(session)
    #expect(try await service.sessions.report(of: session).status == .unknown)
  }

  @Test func `a WAHA that does not answer is an error to who has no one watching`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    _ = try await service.sessions.report(of: session)
    service.time.advance(by: .seconds(1))
    service.upstream.script.failAll(with: .unreachable)
    let error = await failure { () async throws(UserAPIError) in
      try await service.sessions.report(of: session)
    }
    #expect(error?.reason == .upstreamUnavailable)
  }

  @Test func `a session that is watched is to callers what it is to watchers`() async throws {
    let service = Service()
    let session = try await service.session(.working)
    let watcher = service.sessions.watch(session, after: nil)
    let seen = service.time.wallClock
    #expect(try await watcher.next()?.status == .working)
    // A flap.
    service.upstream.setStatus(.starting, named: "s_test")
    let flap = try await service.sessions.report(of: session)
    #expect(
      flap
        == SessionReport(
          status: .working, reported: .starting, isStale: true))
    service.upstream.setStatus(.working, named: "s_test")
    service.time.advance(by: .seconds(1))
    // An outage.
    service.upstream.script.failAll(with: .unreachable)
    let outage = try await service.sessions.report(of: session)
    #expect(outage.status == .working)
    #expect(outage.verifiedAt == seen)
    #expect(outage.reason?.rawValue == "UPSTREAM_UNAVAILABLE")
    #expect(outage.isStale)
  }
}
