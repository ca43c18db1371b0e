import AuthService
import SessionService
import TestKit
import Testing
import UserAPI

/// Linking a phone, by the real service.
@Suite(.timeLimit(.minutes(10))) struct LinkTests {
  private let service = Service()

  private func link(_ phoneNumber: PhoneNumber? = nil) async throws -> SessionLink {
    try await self.service.sessions.link(for: try await makeCaller(), phoneNumber: phoneNumber)
  }

  private func failure(_ link: SessionLink) async -> UserAPIError? {
    await TestKit.failure { () async throws(UserAPIError) in
      while try await link.next() != nil {}
    }
  }

  /// What a link fails with whose session has failed, once it has had its moment to come up.
  private func failureAfterPause(_ link: SessionLink, naps: Int) async -> UserAPIError? {
    async let error = self.failure(link)
    await self.service.time.slept(times: naps)
    self.service.time.advance(by: .seconds(3))
    return await error
  }

  /// Puts the session into a state as soon as WAHA is left alone for the moment.
  private func become(_ status: SessionStatus?, _ link: SessionLink, naps: Int) async {
    await self.service.time.slept(times: naps)
    self.service.upstream.setStatus(status, named: link.session.name)
    self.service.time.advance(by: .seconds(1))
  }

  @Test func `a session is made, shows its codes, is scanned and works`() async throws {
    let link = try await self.link()
    #expect(self.service.upstream.script.count(.create) == 1)
    #expect(try await link.next()?.status == .starting)
    await self.become(.scanQRCode, link, naps: 1)
    let first = try #require(try await link.next())
    #expect(first.status == .scanQRCode)
    #expect(first.code?.code.text == "2@first")
    #expect(first.code?.attempt == 1)
    #expect(first.code?.expiresAt != nil)
    #expect(first.pairingCode == nil)
    // One nap of the look, and one until the code is over.
    await self.service.time.slept(times: 3)
    self.service.upstream.setCode("2@second")
    self.service.time.advance(by: .seconds(1))
    #expect(try await link.next()?.code?.attempt == 2)
    await self.become(.working, link, naps: 5)
    #expect(try await link.next()?.status == .working)
    #expect(try await link.next() == nil)
    #expect(self.service.upstream.script.count(.pairingCode) == 0)
  }

  @Test func `of a session that waits at the first look already its first code is known`()
    async throws
  {
    self.service.upstream.script.hold(.create)
    let making = Task { try await self.link() }
    await self.service.upstream.script.reached(.create)
    let before = self.service.time.wallClock
    self.service.time.advance(by: .seconds(2))
    self.service.upstream.setStatus(
      .scanQRCode, named: try #require(self.service.store.record(ofUser: "user-1")).name)
    self.service.upstream.script.release(.create)
    let shown = try #require(try await making.value.next()?.code)
    #expect(shown.attempt == 1)
    // Before WAHA was asked to make the session, there was no code.
    #expect(
      shown.expiresAt
        == Timestamp(millisecondsSinceEpoch: before.millisecondsSinceEpoch + 60_000))
  }

  @Test func `a session that works already is told once, and left as it is`() async throws {
    _ = try await self.service.session(.working)
    let link = try await self.link(samplePhoneNumber)
    #expect(try await link.next()?.status == .working)
    #expect(try await link.next() == nil)
    #expect(!self.service.upstream.script.steps.contains { [.create, .restart].contains($0) })
  }

  @Test func `a session that failed before is no failure of this time`() async throws {
    let session = try await self.service.session(.failed)
    self.service.upstream.setStartsInto(.starting)
    let watcher = self.service.sessions.watch(session, after: nil)
    #expect(try await watcher.next()?.status == .failed)
    await self.service.time.slept(times: 1)
    let link = try await self.link()
    #expect(try await link.next()?.status == .starting)
  }

  @Test func `a session that fails ends the link with the reason`() async throws {
    let link = try await self.link()
    #expect(try await link.next()?.status == .starting)
    await self.become(.failed, link, naps: 1)
    #expect(try await link.next()?.status == .failed)
    #expect(await self.failureAfterPause(link, naps: 3)?.reason == .linkFailed)
  }

  @Test func `codes that nobody scans end the link with the reason`() async throws {
    let link = try await self.link()
    #expect(try await link.next()?.status == .starting)
    await self.become(.scanQRCode, link, naps: 1)
    #expect(try await link.next()?.code != nil)
    await self.service.time.slept(times: 3)
    self.service.upstream.setCode("2@second")
    self.service.time.advance(by: .seconds(1))
    #expect(try await link.next()?.code?.attempt == 2)
    await self.become(.failed, link, naps: 5)
    #expect(try await link.next()?.status == .failed)
    let error = await self.failureAfterPause(link, naps: 7)
    #expect(error?.reason == .qrCodesUsedUp)
    #expect(error?.code == .failedPrecondition)
  }

  @Test func `a session that fails for a moment is linked all the same`() async throws {
    let link = try await self.link()
    #expect(try await link.next()?.status == .starting)
    await self.become(.failed, link, naps: 1)
    #expect(try await link.next()?.status == .failed)
    let next = Task { try await link.next()?.status }
    await self.service.time.slept(times: 3)
    self.service.upstream.setStatus(.working, named: link.session.name)
    self.service.sessions.announced(link.session.name)
    #expect(try await next.value == .working)
    #expect(try await link.next() == nil)
  }

  @Test func `with a phone number there is a code to type as well`() async throws {
    let link = try await self.link(samplePhoneNumber)
    #expect(try await link.next()?.status == .starting)
    #expect(self.service.upstream.script.count(.pairingCode) == 0)
    await self.become(.scanQRCode, link, naps: 1)
    let scan = try #require(try await link.next())
    #expect(scan.code != nil && scan.pairingCode == nil)
    let typed = try #require(try await link.next())
    #expect(typed.pairingCode?.text == "CODE-0001")
    #expect(typed.code == scan.code)
    // One more than without a number: for the code to type there is a limit.
    await self.service.time.slept(times: 4)
    self.service.upstream.setCode("2@second")
    self.service.time.advance(by: .seconds(1))
    let next = try #require(try await link.next())
    #expect(next.code?.code.text == "2@second")
    #expect(next.pairingCode?.text == "CODE-0001")
    #expect(self.service.upstream.phoneNumbers == [samplePhoneNumber])
  }

  @Test func `links of one phone share its code, and another phone's waits`() async throws {
    let other = try #require(PhoneNumber("+1 555 7654321"))
    self.service.upstream.setStatus(.scanQRCode, named: "s_test")
    self.service.store.setRecord(.sample())
    var codes: Set<String> = []
    for _ in 0..<20 {
      let link = try await self.link(samplePhoneNumber)
      while codes.isEmpty || codes.count == 1 {
        guard let code = try await link.next()?.pairingCode else { continue }
        codes.insert(code.text)
        break
      }
    }
    #expect(codes == ["CODE-0001"])
    let late = try await self.link(other)
    var reason: SessionEventReason?
    while reason == nil { reason = try await late.next()?.reason }
    #expect(reason == .pairingCodeRefused)
    #expect(self.service.upstream.phoneNumbers == [samplePhoneNumber])
  }

  @Test func `a code to type that WAHA refuses leaves the codes to scan`() async throws {
    let link = try await self.link(samplePhoneNumber)
    _ = try await link.next()
    await self.become(.scanQRCode, link, naps: 1)
    #expect(try await link.next()?.code != nil)
    await self.service.time.slept(times: 3)
    self.service.upstream.script.fail(with: .unreachable)
    let told = try #require(try await link.next())
    #expect(told.reason == .pairingCodeRefused)
    #expect(told.code != nil)
    await self.become(.working, link, naps: 3)
    #expect(try await link.next()?.status == .working)
    #expect(try await link.next() == nil)
  }

  @Test func `a session that is logged out meanwhile cannot be linked`() async throws {
    let link = try await self.link()
    _ = try await link.next()
    try await self.service.sessions.logout(link.session)
    #expect(await self.failure(link)?.reason == .sessionMissingUpstream)
  }

  @Test func `a session that is deleted meanwhile cannot be linked`() async throws {
    let link = try await self.link()
    _ = try await link.next()
    await self.become(nil, link, naps: 1)
    await self.service.time.slept(times: 2)
    self.service.time.advance(by: .seconds(1))
    #expect(await self.failure(link)?.reason == .sessionMissingUpstream)
  }

  @Test func `what keeps the session from being made has the message of the initiation`()
    async throws
  {
    self.service.upstream.script.fail(with: .unreachable)
    let caller = try await makeCaller()
    let error = await TestKit.failure { () async throws(UserAPIError) in
      try await self.service.sessions.link(for: caller, phoneNumber: nil)
    }
    #expect(error?.message == "Failed to create WhatsApp session")
    #expect(error?.code == .internal)
    #expect(error?.reason == .upstreamUnavailable)
  }

  @Test func `a link that is given up asks no more for a code to type`() async throws {
    let link = try await self.link(samplePhoneNumber)
    _ = try await link.next()
    await self.become(.scanQRCode, link, naps: 1)
    _ = try await link.next()
    self.service.upstream.script.hold(.pairingCode)
    let task = Task {
      await TestKit.failure { () async throws(UserAPIError) in try await link.next() }
    }
    await self.service.upstream.script.reached(.pairingCode)
    task.cancel()
    #expect(await task.value?.reason == .canceled)
    await self.service.upstream.script.canceled(.pairingCode)
  }
}
