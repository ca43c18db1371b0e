import DirectoryService
import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct FreshnessTests {
  private let old = PlainAddressBook(seed: 1, size: 20)
  private let new = PlainAddressBook(seed: 2, size: 20)

  /// Lets the read behind, which is held, come to its end: somebody waits for the same.
  private func endRead(_ kind: ListKind, _ service: Service) async {
    await service.upstream.script.reached(kind.step, times: 2)
    let waiter = Task.immediate { try await kind.page(service, maxAgeMs: 0) }
    service.upstream.script.release(kind.step)
    _ = await waiter.result
  }

  @Test(arguments: ListKind.allCases)
  func `a young snapshot serves without WAHA`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    let readAt = service.time.wallClock
    _ = try await kind.page(service)
    service.setBook(self.new)
    service.time.advance(by: .milliseconds(29_999))
    let page = try await kind.page(service, limit: 100)
    #expect(page.rows == PlainRules.rows(self.old, kind, nil))
    #expect(page.asOf == readAt)
    #expect(page.total == 20)
    #expect(page.warning == nil)
    #expect(service.upstream.script.count(kind.step) == 1)
  }

  @Test(arguments: ListKind.allCases)
  func `an older one serves once more, and is read anew behind`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    let first = try await kind.page(service)
    service.setBook(self.new)
    service.time.advance(by: .seconds(30))
    service.upstream.script.hold(kind.step)
    // However many ask, one read goes on, and nobody waits for it.
    for _ in 0..<10 {
      let page = try await kind.page(service, limit: 100)
      #expect(page.rows == PlainRules.rows(self.old, kind, nil))
      #expect(page.snapshot == first.snapshot)
    }
    await self.endRead(kind, service)
    let page = try await kind.page(service, limit: 100)
    #expect(page.rows == PlainRules.rows(self.new, kind, nil))
    #expect(page.asOf == service.time.wallClock)
    #expect(page.snapshot != first.snapshot)
    #expect(service.upstream.script.count(kind.step) == 2)
  }

  @Test(arguments: ListKind.allCases)
  func `behind the stale limit the call waits for WAHA`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    _ = try await kind.page(service)
    service.setBook(self.new)
    service.time.advance(by: .seconds(600))
    #expect(try await kind.page(service, limit: 100).rows == PlainRules.rows(self.new, kind, nil))
  }

  @Test(arguments: ListKind.allCases)
  func `a caller may ask for fresher, but not for older`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    _ = try await kind.page(service)
    service.setBook(self.new)
    service.time.advance(by: .seconds(5))
    #expect(
      try await kind.page(service, limit: 100, maxAgeMs: 5_001).rows
        == PlainRules.rows(self.old, kind, nil))
    #expect(
      try await kind.page(service, limit: 100, maxAgeMs: 5_000).rows
        == PlainRules.rows(self.new, kind, nil))
    _ = try await kind.page(service, maxAgeMs: 0)
    #expect(service.upstream.script.count(kind.step) == 3)
    service.setBook(self.old)
    service.time.advance(by: .seconds(600))
    #expect(
      try await kind.page(service, limit: 100, maxAgeMs: .max).rows
        == PlainRules.rows(self.old, kind, nil))
  }

  @Test(arguments: ListKind.allCases)
  func `a list that has not changed stays the same snapshot`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    let first = try await kind.page(service)
    service.time.advance(by: .seconds(600))
    let second = try await kind.page(service)
    #expect(second.snapshot == first.snapshot)
    #expect(second.asOf == service.time.wallClock)
    #expect(service.upstream.script.count(kind.step) == 2)
  }

  // MARK: What throws a snapshot away

  @Test(arguments: ListKind.allCases)
  func `a restart throws the snapshot away`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    let first = try await kind.page(service)
    service.setBook(self.new)
    try await service.restart()
    #expect(try await kind.page(service, limit: 100).rows == PlainRules.rows(self.new, kind, nil))
    let error = await failure { () async throws(UserAPIError) in
      try await kind.page(service, snapshot: first.snapshot)
    }
    #expect(error?.reason == .snapshotExpired)
    #expect(error?.code == .aborted)
  }

  @Test(arguments: ListKind.allCases)
  func `initiating a session that works keeps the snapshot`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    _ = try await kind.page(service)
    _ = try await service.sessions.initiate(for: try await makeCaller())
    _ = try await kind.page(service)
    #expect(service.upstream.script.count(kind.step) == 1)
  }

  @Test(arguments: ListKind.allCases)
  func `a read that began before a restart is not kept`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    service.upstream.script.hold(kind.step)
    let early = Task.immediate { try await kind.page(service).rows }
    await service.upstream.script.reached(kind.step)
    try await service.restart()
    service.upstream.script.release(kind.step)
    _ = try await early.value
    _ = try await kind.page(service)
    #expect(service.upstream.script.count(kind.step) == 2)
  }

  @Test(arguments: ListKind.allCases)
  func `another account's snapshot serves nobody`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    let first = try await kind.page(service)
    service.setBook(self.new)
    service.upstream.setAccount("15559999999@c.us")
    service.time.advance(by: .seconds(2))
    let error = await failure { () async throws(UserAPIError) in
      try await kind.page(service, snapshot: first.snapshot)
    }
    #expect(error?.reason == .snapshotExpired)
    #expect(try await kind.page(service, limit: 100).rows == PlainRules.rows(self.new, kind, nil))
  }

  @Test(arguments: ListKind.allCases, [SessionStatus?.none, .scanQRCode])
  func `a session that nobody is linked to keeps no snapshot`(
    kind: ListKind, status: SessionStatus?
  ) async throws {
    let service = try await Service(book: self.old)
    _ = try await kind.page(service)
    service.upstream.setStatus(status, named: "s_test")
    service.time.advance(by: .seconds(2))
    let error = await failure { () async throws(UserAPIError) in try await kind.page(service) }
    #expect(error?.code == .failedPrecondition)
    service.setBook(self.new)
    service.upstream.setStatus(.working, named: "s_test")
    service.upstream.setAccount(nil)
    service.time.advance(by: .seconds(2))
    #expect(try await kind.page(service, limit: 100).rows == PlainRules.rows(self.new, kind, nil))
  }

  @Test(arguments: ListKind.allCases)
  func `a read for another account is not kept`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    service.upstream.script.hold(kind.step)
    let early = Task.immediate { try await kind.page(service).rows }
    await service.upstream.script.reached(kind.step)
    service.upstream.setAccount("15559999999@c.us")
    service.time.advance(by: .seconds(2))
    let late = Task.immediate { try await kind.page(service, limit: 100).rows }
    await service.upstream.script.reached(kind.step, times: 2)
    service.setBook(self.new)
    service.upstream.script.release(kind.step)
    _ = try await early.value
    #expect(try await late.value == PlainRules.rows(self.new, kind, nil))
    #expect(try await kind.page(service, limit: 100).rows == PlainRules.rows(self.new, kind, nil))
    #expect(service.upstream.script.count(kind.step) == 2)
  }

  @Test(arguments: ListKind.allCases)
  func `an account that WAHA does not know yet is no other`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    service.upstream.setAccount(nil)
    _ = try await kind.page(service)
    service.time.advance(by: .seconds(2))
    service.upstream.setAccount("15559999999@c.us")
    _ = try await kind.page(service)
    service.time.advance(by: .seconds(2))
    service.upstream.setAccount(nil)
    _ = try await kind.page(service)
    #expect(service.upstream.script.count(kind.step) == 1)
  }

  // MARK: Answers that are not believed

  @Test(arguments: ListKind.allCases, [0, 9])
  func `a good snapshot is not replaced by much less without a second look`(
    kind: ListKind, size: Int
  ) async throws {
    let service = try await Service(book: self.old)
    let first = try await kind.page(service)
    let small = PlainAddressBook(seed: 3, size: size)
    service.setBook(small)
    service.time.advance(by: .seconds(600))
    let readAt = first.asOf
    // The first look: the old list, with when it was read, and what is wrong with it.
    for _ in 0..<3 {
      let page = try await kind.page(service, limit: 100)
      #expect(page.rows == PlainRules.rows(self.old, kind, nil))
      #expect(page.asOf == readAt)
      #expect(page.warning == .listShrank)
    }
    #expect(service.upstream.script.count(kind.step) == 2)
    // The second look.
    service.time.advance(by: .seconds(10))
    let page = try await kind.page(service, limit: 100)
    #expect(page.rows == PlainRules.rows(small, kind, nil))
    #expect(page.asOf == service.time.wallClock)
    #expect(page.warning == nil)
  }

  @Test(arguments: ListKind.allCases)
  func `an answer that is still growing is not believed, for a while`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    _ = try await kind.page(service)
    service.time.advance(by: .seconds(600))
    for size in [0, 4, 9] {
      service.setBook(PlainAddressBook(seed: 3, size: size))
      #expect(try await kind.page(service, limit: 100).total == 20)
      service.time.advance(by: .seconds(10))
    }
    // Nothing is doubted for ever.
    service.setBook(PlainAddressBook(seed: 3, size: 1))
    let page = try await kind.page(service)
    #expect(page.total == 1)
    #expect(page.warning == nil)
  }

  @Test(arguments: ListKind.allCases)
  func `less than half is much less, of odd lists too`(kind: ListKind) async throws {
    for (before, after, isDoubted) in [
      (11, 5, true), (11, 6, false), (10, 5, false), (9, 1, false),
    ] {
      let service = try await Service(book: PlainAddressBook(seed: 1, size: before))
      _ = try await kind.page(service)
      service.setBook(PlainAddressBook(seed: 2, size: after))
      let page = try await kind.page(service, maxAgeMs: 0)
      #expect(page.total == (isDoubted ? before : after))
    }
  }

  @Test(arguments: ListKind.allCases)
  func `doubt lifts no limit while WAHA fails`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    _ = try await kind.page(service)
    service.setBook(PlainAddressBook(seed: 3, size: 0))
    service.time.advance(by: .seconds(600))
    #expect(try await kind.page(service).warning == .listShrank)
    service.time.advance(by: .seconds(10))
    for _ in 0..<3 {
      service.upstream.script.fail(at: 1, with: UserAPIError(.upstreamInvalidResponse, "no"))
      let error = await failure { () async throws(UserAPIError) in try await kind.page(service) }
      #expect(error?.reason == .upstreamInvalidResponse)
      service.time.advance(by: .seconds(1))
    }
  }

  @Test(arguments: ListKind.allCases)
  func `a second look that shows the list again ends the doubt`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    _ = try await kind.page(service)
    service.setBook(PlainAddressBook(seed: 3, size: 0))
    service.time.advance(by: .seconds(600))
    #expect(try await kind.page(service).warning == .listShrank)
    service.setBook(self.old)
    service.time.advance(by: .seconds(10))
    let page = try await kind.page(service, limit: 100)
    #expect(page.rows == PlainRules.rows(self.old, kind, nil))
    #expect(page.asOf == service.time.wallClock)
    #expect(page.warning == nil)
    // A single empty answer later begins a doubt of its own.
    service.setBook(PlainAddressBook(seed: 3, size: 0))
    service.time.advance(by: .seconds(600))
    #expect(try await kind.page(service).warning == .listShrank)
  }

  @Test(arguments: ListKind.allCases)
  func `a list that shrinks a little is believed`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    _ = try await kind.page(service)
    let smaller = PlainAddressBook(seed: 3, size: 10)
    service.setBook(smaller)
    service.time.advance(by: .seconds(600))
    let page = try await kind.page(service, limit: 100)
    #expect(page.rows == PlainRules.rows(smaller, kind, nil))
    #expect(page.warning == nil)
  }

  @Test(arguments: ListKind.allCases)
  func `an empty list is said to be unconfirmed until it was seen twice`(kind: ListKind)
    async throws
  {
    let service = try await Service()
    #expect(try await kind.page(service).warning == .listEmpty)
    #expect(try await kind.page(service, maxAgeMs: 0).warning == .listEmpty)
    service.time.advance(by: .seconds(10))
    #expect(try await kind.page(service, maxAgeMs: 0).warning == nil)
  }

  // MARK: WAHA in trouble

  @Test(arguments: ListKind.allCases)
  func `while WAHA hangs, pages wait for it no more than once in a while`(
    kind: ListKind
  ) async throws {
    let service = try await Service(book: self.old)
    let first = try await kind.page(service, limit: 5)
    service.time.advance(by: .seconds(2))
    service.upstream.script.failAll(with: UserAPIError(.upstreamTimeout, "hangs"))
    service.upstream.script.clear()
    for _ in 0..<5 {
      #expect(try await kind.page(service, snapshot: first.snapshot).warning == .refreshFailed)
      #expect(try await kind.page(service).warning == .refreshFailed)
    }
    #expect(service.upstream.script.count(.status) == 1)
    service.time.advance(by: .seconds(2))
    service.upstream.script.failAll(with: nil)
    #expect(try await kind.page(service).warning == nil)
    #expect(service.upstream.script.count(.status) == 2)
  }

  @Test(arguments: ListKind.allCases)
  func `while WAHA cannot be asked, what is kept serves with a warning`(kind: ListKind) async throws
  {
    let service = try await Service(book: self.old)
    let first = try await kind.page(service, limit: 5)
    service.time.advance(by: .seconds(40))
    service.upstream.script.failAll(with: UserAPIError(.upstreamUnavailable, "down"))
    let second = try await kind.page(service, limit: 5, cursor: 5, snapshot: first.snapshot)
    #expect(second.warning == .refreshFailed)
    #expect(first.rows + second.rows == Array(PlainRules.rows(self.old, kind, nil)[..<10]))
    #expect(try await kind.page(service).warning == .refreshFailed)
    let fresher = await failure { () async throws(UserAPIError) in
      try await kind.page(service, maxAgeMs: 10_000)
    }
    #expect(fresher?.reason == .upstreamUnavailable)
    service.time.advance(by: .seconds(600))
    let error = await failure { () async throws(UserAPIError) in try await kind.page(service) }
    #expect(error?.reason == .upstreamUnavailable)
    service.upstream.script.failAll(with: nil)
    #expect(try await kind.page(service).warning == nil)
  }

  @Test(arguments: ListKind.allCases)
  func `a read behind that fails is said, and repeated after longer and longer pauses`(
    kind: ListKind
  ) async throws {
    let service = try await Service(book: self.old)
    _ = try await kind.page(service)
    service.time.advance(by: .seconds(40))
    var reads = 1
    for pause in [5, 10, 20, 40, 60, 60] {
      service.upstream.script.hold(kind.step)
      service.upstream.script.fail(at: 1, with: UserAPIError(.upstreamInvalidResponse, "no"))
      _ = try await kind.page(service)
      reads += 1
      await service.upstream.script.reached(kind.step, times: reads)
      let waiter = Task.immediate { try await kind.page(service, maxAgeMs: 0) }
      service.upstream.script.release(kind.step)
      #expect(await waiter.failure?.reason == .upstreamInvalidResponse)
      for wait in [pause - 1, 0] {
        service.time.advance(by: .seconds(wait))
        #expect(try await kind.page(service).warning == .refreshFailed)
        #expect(service.upstream.script.count(kind.step) == reads)
      }
      service.time.advance(by: .seconds(1))
    }
  }

  @Test(arguments: ListKind.allCases)
  func `WAHA rests for as long as a read has taken`(kind: ListKind) async throws {
    let service = try await Service(book: self.old)
    service.upstream.script.hold(kind.step)
    let call = Task.immediate { try await kind.page(service) }
    await service.upstream.script.reached(kind.step)
    service.time.advance(by: .seconds(50))
    service.upstream.script.release(kind.step)
    // The list is as old as the question.
    #expect(try await call.value.asOf?.millisecondsSinceEpoch == service.time.millisecondsAgo(50))
    service.time.advance(by: .seconds(49))
    for _ in 0..<3 { _ = try await kind.page(service) }
    #expect(service.upstream.script.count(kind.step) == 1)
    service.time.advance(by: .seconds(1))
    _ = try await kind.page(service)
    await service.upstream.script.reached(kind.step, times: 2)
  }

  @Test(arguments: ListKind.allCases)
  func `a list is not read again at once for those who ask for a fresher one`(
    kind: ListKind
  ) async throws {
    let service = try await Service(book: self.old) { $0.minReadInterval = .seconds(1) }
    for _ in 0..<3 { _ = try await kind.page(service, maxAgeMs: 0) }
    #expect(service.upstream.script.count(kind.step) == 1)
    service.time.advance(by: .seconds(1))
    for _ in 0..<3 { _ = try await kind.page(service, maxAgeMs: 0) }
    #expect(service.upstream.script.count(kind.step) == 2)
  }
}
