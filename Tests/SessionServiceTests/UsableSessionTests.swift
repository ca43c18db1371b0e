import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct UsableSessionTests {
  @Test(arguments: [SessionStatus.working, .scanQRCode])
  func `a session that works or waits for a scan is given whole`(
    status: SessionStatus
  ) async throws {
    let service = Service()
    _ = try await service.session(status)
    var record = SessionRecord.sample()
    record.phoneNumber = "+15551234567"
    service.store.setRecord(record)
    let groups = [
      WhatsAppSession.Group(
        id: "g1", groupName: "Customers", groupId: "1@g.us",
        campaigns: [
          WhatsAppSession.Campaign(id: "c1", status: "SCHEDULED", startDate: record.createdAt)
        ])
    ]
    service.store.setGroups(groups, ofSession: record.id)
    let session = try await service.sessions.usableSession(of: try await makeCaller())
    #expect(
      session
        == WhatsAppSession(
          id: record.id, sessionName: "s_test", phoneNumber: "+15551234567", userId: "user-1",
          createdAt: record.createdAt, updatedAt: record.updatedAt, groups: groups))
  }

  @Test(arguments: [nil, "STOPPED", "STARTING", "FAILED", "PASSKEY_REQUIRED"])
  func `there is none in any other state`(word: String?) async throws {
    let service = Service()
    _ = try await service.session(word.map { SessionStatus(rawValue: $0) })
    #expect(try await service.sessions.usableSession(of: try await makeCaller()) == nil)
  }

  @Test func `there is none for a user without one, and WAHA is not asked`() async throws {
    let service = Service()
    #expect(try await service.sessions.usableSession(of: try await makeCaller()) == nil)
    #expect(service.upstream.script.steps.isEmpty)
  }

  @Test func `a WAHA that cannot be asked is an error and not a null`() async throws {
    let service = Service()
    _ = try await service.session(.working)
    service.upstream.script.failAll(with: .unreachable)
    let caller = try await makeCaller()
    let error = await failure { () async throws(UserAPIError) in
      try await service.sessions.usableSession(of: caller)
    }
    #expect(error?.reason == .upstreamUnavailable)
  }

  @Test(arguments: 0..<2)
  func `a store that does not answer is an error and not a null`(index: Int) async throws {
    let service = Service()
    _ = try await service.session(.working)
    service.store.script.fail(at: index, with: .storeDown)
    let caller = try await makeCaller()
    let error = await failure { () async throws(UserAPIError) in
      try await service.sessions.usableSession(of: caller)
    }
    #expect(error?.reason == .storeUnavailable)
  }

  @Test func `the QR code is given while the session waits for a scan`() async throws {
    let service = Service()
    let session = try await service.session(.scanQRCode)
    #expect(try await service.sessions.qrCode(of: session).starts(with: [0x89, 0x50, 0x4E, 0x47]))
  }

  @Test(arguments: [
    (nil, ErrorReason.sessionMissingUpstream), ("STOPPED", .sessionNotAwaitingScan),
    ("STARTING", .sessionNotAwaitingScan), ("WORKING", .sessionNotAwaitingScan),
    ("FAILED", .sessionNotAwaitingScan), ("NEW_WORD", .sessionNotAwaitingScan),
  ])
  func `otherwise it is refused and WAHA is not asked for it`(
    word: String?, reason: ErrorReason
  ) async throws {
    let service = Service()
    let session = try await service.session(word.map { SessionStatus(rawValue: $0) })
    let error = await failure { () async throws(UserAPIError) in
      try await service.sessions.qrCode(of: session)
    }
    #expect(error?.reason == reason)
    #expect(error?.code == .failedPrecondition)
    #expect(service.upstream.script.count(.qrCode) == 0)
  }

  @Test func `a code is shared by who asks at the same time and never kept`() async throws {
    let service = Service()
    let session = try await service.session(.scanQRCode)
    _ = try await service.sessions.status(of: session)
    service.upstream.script.hold(.qrCode)
    let calls = (0..<10).map { _ in
      Task.immediate { try await service.sessions.qrCode(of: session) }
    }
    await service.upstream.script.reached(.qrCode)
    service.upstream.script.release(.qrCode)
    for call in calls { _ = try await call.value }
    #expect(service.upstream.script.count(.qrCode) == 1)
    _ = try await service.sessions.qrCode(of: session)
    #expect(service.upstream.script.count(.qrCode) == 2)
  }
}
