import DirectoryService
import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct ReadingTests {
  @Test(
    arguments: ListKind.allCases,
    ["STOPPED", "STARTING", "SCAN_QR_CODE", "FAILED", "PASSKEY_REQUIRED"])
  func `a session that does not work is refused without asking for the list`(
    kind: ListKind, word: String
  ) async throws {
    let service = try await Service(SessionStatus(rawValue: word))
    let error = await failure { () async throws(UserAPIError) in try await kind.page(service) }
    #expect(error?.reason == .sessionNotWorking)
    #expect(error?.code == .failedPrecondition)
    #expect(service.upstream.script.count(kind.step) == 0)
  }

  @Test(arguments: ListKind.allCases)
  func `a session that WAHA no longer has is refused`(kind: ListKind) async throws {
    let service = try await Service(nil)
    let error = await failure { () async throws(UserAPIError) in try await kind.page(service) }
    #expect(error?.reason == .sessionMissingUpstream)
    #expect(service.upstream.script.count(kind.step) == 0)
  }

  @Test(arguments: ListKind.allCases)
  func `a list that was read does not serve a session that no longer works`(
    kind: ListKind
  ) async throws {
    let service = try await Service()
    _ = try await kind.page(service)
    service.upstream.setStatus(.failed, named: "s_test")
    service.time.advance(by: .seconds(2))
    let error = await failure { () async throws(UserAPIError) in try await kind.page(service) }
    #expect(error?.reason == .sessionNotWorking)
  }

  @Test(arguments: ListKind.allCases)
  func `callers at the same time share one read`(kind: ListKind) async throws {
    let book = PlainAddressBook(seed: 1, size: 60)
    let service = try await Service(book: book)
    // The status is known, so that every caller goes straight for the list.
    _ = try await service.sessions.status(of: service.session)
    service.upstream.script.hold(kind.step)
    let calls = (0..<1_000).map { cursor in
      Task.immediate { try await kind.page(service, limit: 1, cursor: cursor % 60).rows }
    }
    await service.upstream.script.reached(kind.step)
    service.upstream.script.release(kind.step)
    let expected = PlainRules.rows(book, kind, nil)
    for (cursor, call) in calls.enumerated() {
      #expect(try await call.value == [expected[cursor % 60]])
    }
    #expect(service.upstream.script.count(kind.step) == 1)
  }

  @Test(arguments: ListKind.allCases)
  func `a list is read where its session is now, whatever the caller knew`(
    kind: ListKind
  ) async throws {
    let (old, new) = (HostName(stored: "a"), HostName(stored: "b"))
    let service = try await Service(
      groups: [Group(id: "1@g.us", name: "One")],
      contacts: [Contact(id: "1@c.us", names: ["One"], number: "1")],
      placement: HostPlacement(hosts: [.init(name: old), .init(name: new)]))
    #expect(service.session.host == old)
    // Another server placed it anew.
    service.store.setRecord(.sample(host: new))
    service.upstream.setHost(new, named: "s_test")
    #expect(try await kind.page(service).rows.count == 1)
  }

  @Test func `no more lists are read at once than is allowed`() async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 2)) { $0.maxReads = 1 }
    service.upstream.script.hold(.groups)
    let groups = Task.immediate { try await service.groups() }
    await service.upstream.script.reached(.groups)
    let contacts = Task.immediate { try await service.contacts() }
    service.upstream.script.release(.groups)
    _ = try await groups.value
    _ = try await contacts.value
    #expect(service.upstream.script.count(.contacts) == 1)
    #expect(service.upstream.script.mostAtOnce == 1)
  }

  @Test(arguments: ListKind.allCases)
  func `a read that nobody waits for any more is given up`(kind: ListKind) async throws {
    let service = try await Service()
    service.upstream.script.hold(kind.step)
    let call = Task.immediate { try await kind.page(service).rows }
    await service.upstream.script.reached(kind.step)
    call.cancel()
    #expect(await call.failure?.code == .canceled)
    await service.upstream.script.canceled(kind.step)
  }

  @Test(arguments: ListKind.allCases)
  func `one who gives up does not harm those who wait as well`(kind: ListKind) async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 2))
    service.upstream.script.hold(kind.step)
    let calls = (0..<3).map { _ in Task.immediate { try await kind.page(service).rows } }
    await service.upstream.script.reached(kind.step)
    calls[0].cancel()
    #expect(await calls[0].failure?.code == .canceled)
    service.upstream.script.release(kind.step)
    for call in calls[1...] { #expect(try await call.value.count == 2) }
    #expect(service.upstream.script.count(kind.step) == 1)
  }

  // MARK: Failures

  @Test(arguments: ListKind.allCases)
  func `what may succeed the next time is tried again, after longer and longer pauses`(
    kind: ListKind
  ) async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 2))
    let down = UserAPIError(.upstreamUnavailable, "down")
    for index in 1...2 { service.upstream.script.fail(at: index, with: down) }
    let call = Task.immediate { try await kind.page(service).rows }
    for count in 1...2 {
      await service.time.slept(times: count)
      service.time.advance(by: .milliseconds(500))
    }
    #expect(try await call.value.count == 2)
    #expect(service.time.naps == [.milliseconds(250), .milliseconds(500)])
    #expect(service.upstream.script.count(kind.step) == 3)
  }

  @Test(arguments: ListKind.allCases)
  func `a pause that WAHA asks for is made, unless it is too long`(kind: ListKind) async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 2))
    service.upstream.script.fail(
      at: 1, with: UserAPIError(.upstreamBusy, "busy", retryAfter: .seconds(3)))
    let call = Task.immediate { try await kind.page(service).rows }
    await service.time.slept()
    #expect(service.time.naps == [.milliseconds(3_250)])
    service.time.advance(by: .milliseconds(3_250))
    #expect(try await call.value.count == 2)
    service.upstream.script.fail(
      at: 1, with: UserAPIError(.upstreamBusy, "busy", retryAfter: .seconds(6)))
    service.time.advance(by: .seconds(600))
    for left in [6, 5] {
      let error = await failure { () async throws(UserAPIError) in try await kind.page(service) }
      #expect(error?.retryAfter == .seconds(left))
      service.time.advance(by: .seconds(1))
    }
    #expect(service.time.naps.count == 1)
    #expect(service.upstream.script.count(kind.step) == 3)
  }

  @Test(
    arguments: ListKind.allCases,
    [
      ErrorReason.upstreamTimeout, .upstreamUnauthorized, .upstreamInvalidResponse,
      .contactsNotStored, .sessionMissingUpstream,
    ])
  func `a failure that will not go away at once is passed on and not kept`(
    kind: ListKind, reason: ErrorReason
  ) async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 2))
    service.upstream.script.fail(at: 1, with: UserAPIError(reason, "no"))
    let error = await failure { () async throws(UserAPIError) in try await kind.page(service) }
    #expect(error?.reason == reason)
    #expect(try await kind.page(service).rows.count == 2)
    #expect(service.time.naps.isEmpty)
  }

  @Test(arguments: ListKind.allCases)
  func `an account that WhatsApp throttles is left alone for as long as it wants`(
    kind: ListKind
  ) async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 2))
    let throttled = UserAPIError(.upstreamRateLimited, "slow down", retryAfter: .seconds(60))
    service.upstream.script.fail(at: 1, with: throttled)
    for remaining in [60, 40, 20] {
      let error = await failure { () async throws(UserAPIError) in try await kind.page(service) }
      #expect(error?.reason == .upstreamRateLimited)
      #expect(error?.retryAfter == .seconds(remaining))
      service.time.advance(by: .seconds(20))
    }
    #expect(service.upstream.script.count(kind.step) == 1)
    #expect(try await kind.page(service).rows.count == 2)
  }

  @Test func `it is the account that is left alone, in both lists and over a restart`()
    async throws
  {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 2))
    _ = try await service.contacts()
    service.upstream.script.fail(
      at: 0, with: UserAPIError(.upstreamRateLimited, "slow down", retryAfter: .seconds(60)))
    let first = await failure { () async throws(UserAPIError) in try await service.groups() }
    #expect(first?.reason == .upstreamRateLimited)
    // What is there still serves.
    #expect(try await service.contacts().items.count == 2)
    try await service.restart()
    let second = await failure { () async throws(UserAPIError) in try await service.contacts() }
    #expect(second?.reason == .upstreamRateLimited)
    // Another account has done nothing.
    service.upstream.setAccount("15559999999@c.us")
    service.time.advance(by: .seconds(2))
    #expect(service.upstream.script.count(.contacts) == 1)
  }

  @Test func `a list that takes more than is allowed is refused, and not read again at once`()
    async throws
  {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 60)) {
      $0.maxSnapshotSize = 1_000
    }
    for left in [30, 29] {
      let error = await failure { () async throws(UserAPIError) in try await service.contacts() }
      #expect(error?.reason == .upstreamListTooLarge)
      #expect(error?.code == .resourceExhausted)
      #expect(error?.retryAfter == .seconds(left))
      service.time.advance(by: .seconds(1))
    }
    #expect(service.upstream.script.count(.contacts) == 1)
    #expect(service.directory.size < 1_000)
    // The other list is none of it.
    service.upstream.setGroups([Group(id: "1@g.us", name: "A")])
    #expect(try await service.groups().total == 1)
  }

  @Test(arguments: ListKind.allCases)
  func `a call that is given up while it waits to try again is over at once`(
    kind: ListKind
  ) async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 2))
    service.upstream.script.fail(at: 1, with: UserAPIError(.upstreamUnavailable, "down"))
    let call = Task.immediate { try await kind.page(service).rows }
    await service.time.slept()
    call.cancel()
    #expect(await call.failure?.code == .canceled)
    #expect(try await kind.page(service).rows.count == 2)
  }
}
