import DirectoryService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(1))) struct ReadingTests {
  @Test(
    arguments: Kind.allCases,
    ["STOPPED", "STARTING", "SCAN_QR_CODE", "FAILED", "PASSKEY_REQUIRED"])
  func `a session that does not work is refused without asking for the list`(
    kind: Kind, word: String
  ) async throws {
    let service = try await Service(SessionStatus(rawValue: word))
    let error = await failure { () async throws(UserAPIError) in try await kind.page(service) }
    #expect(error?.reason == .sessionNotWorking)
    #expect(error?.code == .failedPrecondition)
    #expect(service.upstream.script.count(kind.step) == 0)
  }

  @Test(arguments: Kind.allCases)
  func `a session that WAHA no longer has is refused`(kind: Kind) async throws {
    let service = try await Service(nil)
    let error = await failure { () async throws(UserAPIError) in try await kind.page(service) }
    #expect(error?.reason == .sessionMissingUpstream)
    #expect(service.upstream.script.count(kind.step) == 0)
  }

  @Test(arguments: Kind.allCases)
  func `a list that was read does not serve a session that no longer works`(
    kind: Kind
  ) async throws {
    let service = try await Service()
    _ = try await kind.page(service)
    service.upstream.setStatus(.failed, named: "s_test")
    service.time.advance(by: .seconds(2))
    let error = await failure { () async throws(UserAPIError) in try await kind.page(service) }
    #expect(error?.reason == .sessionNotWorking)
  }

  @Test(arguments: Kind.allCases, [Duration.zero, .seconds(30)])
  func `callers at the same time share one read`(kind: Kind, maxAge: Duration) async throws {
    let book = AddressBook(seed: 1, size: 60)
    let service = try await Service(
      groups: book.groups, contacts: book.contacts, maxAge: maxAge)
    // The status is known, so that every caller goes straight for the list.
    _ = try await kind.page(service)
    try await service.restart()
    service.upstream.script.clear()
    service.upstream.script.hold(kind.step)
    let calls = (0..<50).map { cursor in
      Task.immediate { try await kind.page(service, limit: 1, cursor: cursor).rows }
    }
    await service.upstream.script.reached(kind.step)
    service.upstream.script.release(kind.step)
    let expected = kind.rows(book, nil)
    for (cursor, call) in calls.enumerated() {
      #expect(try await call.value == [expected[cursor]])
    }
    #expect(service.upstream.script.count(kind.step) == 1)
  }

  @Test(arguments: Kind.allCases)
  func `a list serves until its age is reached`(kind: Kind) async throws {
    let service = try await Service()
    _ = try await kind.page(service)
    service.time.advance(by: .milliseconds(29_999))
    _ = try await kind.page(service, search: "x")
    #expect(service.upstream.script.count(kind.step) == 1)
    service.time.advance(by: .milliseconds(1))
    _ = try await kind.page(service)
    #expect(service.upstream.script.count(kind.step) == 2)
  }

  @Test(arguments: Kind.allCases)
  func `a list is read anew after the session was restarted`(kind: Kind) async throws {
    let service = try await Service()
    _ = try await kind.page(service)
    service.upstream.setGroups([Group(id: "1@g.us", name: "A")])
    service.upstream.setContacts([Contact(id: "1@c.us", names: ["A"], number: "1")])
    #expect(try await kind.page(service).rows.isEmpty)
    try await service.restart()
    #expect(try await kind.page(service).rows.count == 1)
  }

  @Test(arguments: Kind.allCases)
  func `a read that began before a restart is not kept`(kind: Kind) async throws {
    let service = try await Service()
    service.upstream.script.hold(kind.step)
    let early = Task.immediate { try await kind.page(service).rows }
    await service.upstream.script.reached(kind.step)
    try await service.restart()
    service.upstream.script.release(kind.step)
    _ = try await early.value
    _ = try await kind.page(service)
    #expect(service.upstream.script.count(kind.step) == 2)
  }

  @Test(arguments: Kind.allCases)
  func `a failure is passed on and not kept`(kind: Kind) async throws {
    let service = try await Service()
    let throttled = UserAPIError(.upstreamRateLimited, "slow down", retryAfter: .seconds(60))
    service.upstream.script.fail(at: 1, with: throttled)
    let error = await failure { () async throws(UserAPIError) in try await kind.page(service) }
    #expect(error?.reason == .upstreamRateLimited)
    #expect(error?.retryAfter == .seconds(60))
    #expect(try await kind.page(service).rows.isEmpty)
  }

  @Test(arguments: Kind.allCases)
  func `a read that nobody waits for any more is given up`(kind: Kind) async throws {
    let service = try await Service()
    service.upstream.script.hold(kind.step)
    let call = Task.immediate { try await kind.page(service).rows }
    await service.upstream.script.reached(kind.step)
    call.cancel()
    #expect(await call.failure?.code == .canceled)
    await service.upstream.script.canceled(kind.step)
  }
}
