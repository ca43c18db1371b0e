import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct WatchTests {
  private let service = Service()

  private func next(_ watcher: SessionWatcher) async throws -> SessionStatus? {
    try await watcher.next()?.status
  }

  @Test func `a watcher is told the state now and then each change`() async throws {
    let session = try await self.service.session(.starting)
    let watcher = self.service.sessions.watch(session, after: nil)
    #expect(try await self.next(watcher) == .starting)
    for (index, status) in [SessionStatus.failed, .stopped, .working].enumerated() {
      await self.service.time.slept(times: index + 1)
      self.service.upstream.setStatus(status, named: "s_test")
      self.service.time.advance(by: .seconds(10))
      #expect(try await self.next(watcher) == status)
    }
  }

  private func isQuiet(_ watcher: SessionWatcher) -> Bool { watcher.take() == nil }

  /// Returns when the watcher has been called.
  private func ready(_ watcher: SessionWatcher) async {
    await withCheckedContinuation { continuation in watcher.whenReady { continuation.resume() } }
  }

  @Test func `a watcher with no task to wait in is called for each change`() async throws {
    let session = try await self.service.session(.starting)
    let watcher = self.service.sessions.watch(session, after: nil)
    await self.ready(watcher)
    #expect(try watcher.take()?.get()?.status == .starting)
    #expect(self.isQuiet(watcher))
    await self.service.time.slept(times: 1)
    self.service.upstream.setStatus(.failed, named: "s_test")
    self.service.time.advance(by: .seconds(10))
    await self.ready(watcher)
    // It is there until it is taken.
    await self.ready(watcher)
    #expect(try watcher.take()?.get()?.status == .failed)
    #expect(self.isQuiet(watcher))
  }

  @Test func `the time between two looks follows the state`() async throws {
    let session = try await self.service.session(.starting)
    let watcher = self.service.sessions.watch(session, after: nil)
    _ = try await watcher.next()
    await self.service.time.slept(times: 1)
    self.service.upstream.setStatus(.working, named: "s_test")
    self.service.time.advance(by: .milliseconds(200))
    #expect(try await self.next(watcher) == .working)
    await self.service.time.slept(times: 2)
    #expect(self.service.time.naps == [.milliseconds(200), .seconds(10)])
  }

  @Test func `who was told a change is told nothing older when he asks`() async throws {
    let session = try await self.service.session(.starting)
    let sessions = self.service.sessions
    let watcher = sessions.watch(session, after: nil)
    _ = try await watcher.next()
    await self.service.time.slept(times: 1)
    self.service.time.advance(by: .milliseconds(150))
    #expect(try await sessions.report(of: session).status == .starting)
    #expect(try await sessions.status(of: session) == .starting)
    self.service.upstream.setStatus(.working, named: "s_test")
    self.service.time.advance(by: .milliseconds(50))
    #expect(try await self.next(watcher) == .working)
    #expect(try await sessions.report(of: session).status == .working)
    #expect(try await sessions.status(of: session) == .working)
  }

  @Test func `any number of watchers cost WAHA one question`() async throws {
    let session = try await self.service.session(.working)
    let watchers = (0..<100).map { _ in self.service.sessions.watch(session, after: nil) }
    for watcher in watchers { #expect(try await self.next(watcher) == .working) }
    await self.service.time.slept(times: 1)
    #expect(self.service.upstream.script.count(.status) == 1)
    let waiting = watchers.map { watcher in Task { try await watcher.next()?.status } }
    self.service.upstream.setStatus(.stopped, named: "s_test")
    self.service.time.advance(by: .seconds(10))
    await self.service.time.slept(times: 2)
    self.service.time.advance(by: .seconds(5))
    for task in waiting { #expect(try await task.value == .stopped) }
    #expect(self.service.upstream.script.count(.status) == 3)
    #expect(self.service.sessions.watchedCount == 1)
  }

  @Test func `each code comes as a text and as a picture of the same code`() async throws {
    let session = try await self.service.session(.scanQRCode)
    let watcher = self.service.sessions.watch(session, after: nil)
    let first = try #require(try await watcher.next()?.code)
    #expect(first.code.text == "2@first")
    await self.service.time.slept(times: 1)
    // WhatsApp replaces the code while WAHA is asked for its picture.
    self.service.upstream.script.hold(.qrCode)
    self.service.upstream.setCode("2@second")
    self.service.time.advance(by: .milliseconds(200))
    await self.service.upstream.script.reached(.qrCode, times: 2)
    self.service.upstream.setCode("2@third")
    self.service.upstream.script.release(.qrCode)
    let next = try #require(try await watcher.next()?.code)
    #expect(next.code.text == "2@third")
    #expect(next.code.picture.suffix(7) == Array("2@third".utf8))
    #expect(next.expiresAt != nil)
  }

  @Test func `a code that stays is asked for by its text alone`() async throws {
    let session = try await self.service.session(.scanQRCode)
    let watcher = self.service.sessions.watch(session, after: nil)
    _ = try await watcher.next()
    await self.service.time.slept(times: 1)
    self.service.time.advance(by: .milliseconds(200))
    await self.service.time.slept(times: 2)
    #expect(self.service.upstream.script.count(.qrCode) == 1)
  }

  /// A session that has just begun to wait for a scan.
  private func awaitScan() async throws -> (OwnedSession, SessionWatcher) {
    let session = try await self.service.session(.starting)
    let watcher = self.service.sessions.watch(session, after: nil)
    _ = try await watcher.next()
    await self.service.time.slept(times: 1)
    self.service.upstream.setStatus(.scanQRCode, named: "s_test")
    self.service.time.advance(by: .milliseconds(200))
    #expect(try await watcher.next()?.code?.attempt == 1)
    // One nap of the look, and one until the code is over.
    await self.service.time.slept(times: 3)
    return (session, watcher)
  }

  @Test func `a code that has expired is taken back while WAHA hangs`() async throws {
    let (_, watcher) = try await self.awaitScan()
    self.service.upstream.script.hold(.qrText)
    self.service.time.advance(by: .seconds(1))
    await self.service.upstream.script.reached(.qrText, times: 3)
    self.service.time.advance(by: .seconds(60))
    let event = try #require(try await watcher.next())
    #expect(event.status == .scanQRCode)
    #expect(event.code == nil)
    self.service.upstream.setCode("2@second")
    self.service.upstream.script.release(.qrText)
    #expect(try await watcher.next()?.code?.attempt == 2)
  }

  @Test func `a code that has expired is given to nobody who comes or comes back`() async throws {
    let (session, watcher) = try await self.awaitScan()
    self.service.upstream.script.hold(.status)
    // The code is over, and not yet taken back.
    self.service.time.advance(by: .milliseconds(59_800))
    await self.service.upstream.script.reached(.status, times: 3)
    let late = self.service.sessions.watch(session, after: nil)
    let event = try #require(try await late.next())
    #expect(event.status == .scanQRCode)
    #expect(event.code == nil)
    withExtendedLifetime(watcher) {}
  }

  @Test func `a code that WAHA does not give keeps no change back`() async throws {
    let session = try await self.service.session(.scanQRCode)
    self.service.upstream.script.fail(at: 1, with: .unreachable)
    let watcher = self.service.sessions.watch(session, after: nil)
    let first = try await watcher.next()
    #expect(first?.status == .scanQRCode)
    #expect(first?.code == nil)
    await self.service.time.slept(times: 1)
    self.service.time.advance(by: .milliseconds(200))
    #expect(try await watcher.next()?.code?.code.text == "2@first")
  }

  @Test func `a watcher that comes back goes on without loss or repeat`() async throws {
    let session = try await self.service.session(.starting)
    var watcher: SessionWatcher? = self.service.sessions.watch(session, after: nil)
    let last = try #require(try await watcher?.next()?.sequence)
    await self.service.time.slept(times: 1)
    watcher = nil
    for (index, status) in [SessionStatus.failed, .working].enumerated() {
      self.service.upstream.setStatus(status, named: "s_test")
      self.service.time.advance(by: .seconds(10))
      await self.service.time.slept(times: index + 2)
    }
    let back = self.service.sessions.watch(session, after: last)
    let failed = try #require(try await back.next())
    let working = try #require(try await back.next())
    #expect([failed.status, working.status] == [.failed, .working])
    #expect(last < failed.sequence && failed.sequence < working.sequence)
    #expect(!failed.isSequenceExpired && !working.isSequenceExpired)
  }

  @Test func `behind an event that is not known the state now comes, marked`() async throws {
    let session = try await self.service.session(.working)
    let watcher = self.service.sessions.watch(session, after: 17)
    let event = try #require(try await watcher.next())
    #expect(event.status == .working)
    #expect(event.isSequenceExpired)
  }

  @Test func `a session that nobody watches is left alone after a while`() async throws {
    let session = try await self.service.session(.working)
    var watcher: SessionWatcher? = self.service.sessions.watch(session, after: nil)
    _ = try await watcher?.next()
    watcher = nil
    var naps = 0
    while self.service.sessions.watchedCount > 0 {
      if self.service.time.naps.count > naps {
        naps = self.service.time.naps.count
        self.service.time.advance(by: .seconds(10))
      }
      await Task.yield()
    }
    #expect(self.service.upstream.script.count(.status) == 7)
  }

  @Test func `a logout ends the watch without an error`() async throws {
    let session = try await self.service.session(.working)
    let watcher = self.service.sessions.watch(session, after: nil)
    #expect(try await self.next(watcher) == .working)
    try await self.service.sessions.logout(session)
    while try await watcher.next() != nil {}
    #expect(self.service.upstream.status(named: "s_test") == nil)
  }

  @Test func `a watch after the logout ends at once`() async throws {
    let session = try await self.service.session(.working)
    try await self.service.sessions.logout(session)
    #expect(try await self.service.sessions.watch(session, after: nil).next() == nil)
  }

  @Test func `a session that WAHA has lost ends the watch with an error`() async throws {
    let session = try await self.service.session(nil)
    let watcher = self.service.sessions.watch(session, after: nil)
    await self.service.time.slept(times: 1)
    self.service.time.advance(by: .seconds(1))
    let error = await failure { () async throws(UserAPIError) in try await watcher.next() }
    #expect(error?.reason == .sessionMissingUpstream)
  }

  @Test func `a WAHA that cannot be asked ends the watch, and a new one begins anew`() async throws
  {
    let session = try await self.service.session(.working)
    self.service.upstream.script.fail(with: .unreachable)
    let watcher = self.service.sessions.watch(session, after: nil)
    let error = await failure { () async throws(UserAPIError) in try await watcher.next() }
    #expect(error?.reason == .upstreamUnavailable)
    let again = self.service.sessions.watch(session, after: nil)
    #expect(try await self.next(again) == .working)
  }

  @Test func `a WAHA that fails later is borne`() async throws {
    let session = try await self.service.session(.working)
    let watcher = self.service.sessions.watch(session, after: nil)
    _ = try await watcher.next()
    await self.service.time.slept(times: 1)
    self.service.upstream.script.fail(with: .unreachable)
    self.service.time.advance(by: .seconds(10))
    await self.service.time.slept(times: 2)
    self.service.upstream.setStatus(.scanQRCode, named: "s_test")
    self.service.time.advance(by: .seconds(1))
    #expect(try await self.next(watcher) == .scanQRCode)
  }

  @Test func `a session that is dead while WAHA calls it working is found`() async throws {
    let session = try await self.service.session(.working)
    let watcher = self.service.sessions.watch(session, after: nil)
    let alive = try #require(try await watcher.next())
    #expect(alive.status == .working)
    #expect(alive.verifiedAt == self.service.time.wallClock)
    self.service.upstream.setDead(true)
    for look in 1...6 {
      // From the first failure on there is a timer beside the looks.
      await self.service.time.slept(times: look <= 2 ? look : look + 1)
      self.service.time.advance(by: .seconds(10))
    }
    let dead = try #require(try await watcher.next())
    #expect(dead.status == .unknown)
    #expect(dead.reported == .working)
    #expect(dead.reason == .notVerified)
    #expect(dead.verifiedAt == alive.verifiedAt)
    await self.service.time.slept(times: 8)
    // At the beginning, and every 20 s.
    #expect(self.service.upstream.script.count(.verify) == 4)
    self.service.upstream.setDead(false)
    self.service.time.advance(by: .seconds(10))
    #expect(try await self.next(watcher) == .working)
  }

  @Test func `a session is tried as often as its verification is to last`() async throws {
    let service = Service(verificationAge: .seconds(6))
    let session = try await service.session(.working)
    let watcher = service.sessions.watch(session, after: nil)
    #expect(try await watcher.next()?.status == .working)
    service.upstream.setDead(true)
    for naps in [1, 3, 4] {
      await service.time.slept(times: naps)
      service.time.advance(by: .seconds(2))
    }
    #expect(try await watcher.next()?.status == .unknown)
    await service.time.slept(times: 5)
    #expect(service.upstream.script.count(.verify) == 4)
  }

  @Test func `dead sessions keep no healthy one from being seen to work`() async throws {
    let upstream = self.service.upstream
    upstream.script.hold(.verify)
    var watchers: [SessionWatcher] = []
    for index in 0..<16 {
      let session = try await makeOwnedSession(named: "s_\(index)")
      upstream.setStatus(.working, named: session.name)
      watchers.append(self.service.sessions.watch(session, after: nil))
    }
    await upstream.script.reached(.verify, times: 16)
    let code = try await makeOwnedSession(named: "s_code")
    upstream.setStatus(.scanQRCode, named: "s_code")
    let other = self.service.sessions.watch(code, after: nil)
    #expect(try await self.next(other) == .scanQRCode)
    upstream.script.release(.verify)
    for watcher in watchers { #expect(try await self.next(watcher) == .working) }
  }

  @Test func `what somebody who asks is told has those who watch told too`() async throws {
    let session = try await self.service.session(.working)
    let watcher = self.service.sessions.watch(session, after: nil)
    #expect(try await self.next(watcher) == .working)
    await self.service.time.slept(times: 1)
    self.service.upstream.setStatus(.scanQRCode, named: "s_test")
    #expect(try await self.service.sessions.report(of: session).status == .scanQRCode)
    #expect(try await self.next(watcher) == .scanQRCode)
  }

  @Test func `a watcher that comes later is told what has changed without an event`() async throws {
    let session = try await self.service.session(.working)
    let watcher = self.service.sessions.watch(session, after: nil)
    let first = try #require(try await watcher.next())
    for look in 1...2 {
      await self.service.time.slept(times: look)
      self.service.time.advance(by: .seconds(10))
    }
    await self.service.time.slept(times: 3)
    let verifiedAt = self.service.time.wallClock
    self.service.upstream.setStatus(.starting, named: "s_test")
    self.service.time.advance(by: .seconds(10))
    await self.service.time.slept(times: 4)
    let late = try #require(
      try await self.service.sessions.watch(session, after: nil).next())
    #expect(late.sequence == first.sequence)
    #expect(late.status == .working)
    #expect(late.reported == .starting)
    #expect(late.verifiedAt == nil)
    self.service.upstream.setStatus(.working, named: "s_test")
    self.service.time.advance(by: .seconds(1))
    await self.service.time.slept(times: 5)
    let latest = try #require(try await self.service.sessions.watch(session, after: 1).next())
    #expect(latest.sequence == first.sequence)
    #expect(latest.reported == .working)
    #expect(latest.verifiedAt ?? first.at > verifiedAt)
  }

  @Test func `a code that takes long keeps no status waiting`() async throws {
    let upstream = self.service.upstream
    upstream.script.hold(.qrText)
    var watchers: [SessionWatcher] = []
    for index in 0..<20 {
      let session = try await makeOwnedSession(named: "s_\(index)")
      upstream.setStatus(index < 10 ? .scanQRCode : .working, named: session.name)
      watchers.append(self.service.sessions.watch(session, after: nil))
    }
    await upstream.script.reached(.qrText, times: 8)
    for watcher in watchers[10...] { #expect(try await self.next(watcher) == .working) }
    #expect(upstream.script.count(.qrText) == 8)
    upstream.script.release(.qrText)
    for watcher in watchers[..<10] { #expect(try await self.next(watcher) == .scanQRCode) }
  }

  @Test func `what WAHA is asked in vain keeps no change from being seen`() async throws {
    let upstream = self.service.upstream
    let session = try await self.service.session(.scanQRCode)
    upstream.script.hold(.qrText)
    let watcher = self.service.sessions.watch(session, after: nil)
    await upstream.script.reached(.qrText)
    // It is scanned while WAHA looks for its code.
    upstream.setStatus(.working, named: "s_test")
    self.service.sessions.announced("s_test")
    await upstream.script.canceled(.qrText)
    #expect(try await self.next(watcher) == .working)
  }

  @Test func `a look that was given up in the middle tells nothing that the next would take back`()
    async throws
  {
    let upstream = self.service.upstream
    let session = try await self.service.session(.scanQRCode)
    upstream.script.hold(.qrText)
    let watcher = self.service.sessions.watch(session, after: nil)
    await upstream.script.reached(.qrText)
    self.service.sessions.announced("s_test")
    await upstream.script.canceled(.qrText)
    upstream.script.release(.qrText)
    let event = try #require(try await watcher.next())
    #expect(event.status == .scanQRCode)
    #expect(event.code != nil)
  }

  @Test func `announcements that never stop keep nobody from being told`() async throws {
    let upstream = self.service.upstream
    let session = try await self.service.session(.scanQRCode)
    upstream.script.hold(.qrText)
    let watcher = self.service.sessions.watch(session, after: nil)
    for count in 1...4 {
      await upstream.script.reached(.qrText, times: count)
      self.service.sessions.announced("s_test")
      await upstream.script.canceled(.qrText, times: count)
    }
    #expect(try await self.next(watcher) == .scanQRCode)
  }

  @Test func `what a session shows while it is removed is for nobody`() async throws {
    let upstream = self.service.upstream
    let session = try await self.service.session(.working)
    let watcher = self.service.sessions.watch(session, after: nil)
    _ = try await watcher.next()
    upstream.script.hold(.delete)
    let logout = Task { try await self.service.sessions.logout(session) }
    await upstream.script.reached(.delete)
    // WAHA has started it anew to show a code.
    upstream.setStatus(.scanQRCode, named: "s_test")
    let looks = upstream.script.count(.status)
    self.service.sessions.announced("s_test")
    await upstream.script.reached(.qrText)
    #expect(upstream.script.count(.status) > looks)
    upstream.script.release(.delete)
    try await logout.value
    #expect(try await watcher.next() == nil)
  }

  @Test func `what the service does to a session is seen at once`() async throws {
    let session = try await self.service.session(.working)
    let watcher = self.service.sessions.watch(session, after: nil)
    _ = try await watcher.next()
    await self.service.time.slept(times: 1)
    self.service.upstream.setStartsInto(.scanQRCode)
    try await self.service.sessions.restart(session)
    #expect(try await self.next(watcher) == .scanQRCode)
  }

  @Test func `a watcher whose task is cancelled waits no longer`() async throws {
    let session = try await self.service.session(.working)
    let watcher = self.service.sessions.watch(session, after: nil)
    _ = try await watcher.next()
    let task = Task {
      await failure { () async throws(UserAPIError) in try await watcher.next() }
    }
    task.cancel()
    #expect(await task.value?.reason == .canceled)
  }

  @Test func `only so many sessions are asked for at once`() async throws {
    let upstream = self.service.upstream
    upstream.script.hold(.status)
    var watchers: [SessionWatcher] = []
    for index in 0..<20 {
      let session = try await makeOwnedSession(named: "s_\(index)")
      upstream.setStatus(.working, named: session.name)
      watchers.append(self.service.sessions.watch(session, after: nil))
    }
    await upstream.script.reached(.status, times: 8)
    upstream.script.release(.status)
    for watcher in watchers { #expect(try await self.next(watcher) == .working) }
    #expect(upstream.script.mostAtOnce == 8)
  }
}
