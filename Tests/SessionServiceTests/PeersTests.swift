import AuthService
import SessionService
import TestKit
import Testing
import UserAPI

/// What one server knows of a session to which another does something.
@Suite(.timeLimit(.minutes(10))) struct PeersTests {
  private let service: Service
  private let other: Service

  init() async {
    let (peers, othersPeers) = LinkedPeers.pair()
    let service = Service(peers: peers)
    let other = Service(
      store: service.store, upstream: service.upstream, peers: othersPeers, time: service.time)
    await peers.listen { service.sessions.heard($0) }
    await othersPeers.listen { other.sessions.heard($0) }
    self.service = service
    self.other = other
  }

  @Test func `what a session shows while another server removes it is for nobody`() async throws {
    let upstream = self.service.upstream
    let session = try await self.service.session(.working)
    let watcher = self.other.sessions.watch(session, after: nil)
    #expect(try await watcher.next()?.status == .working)
    upstream.script.hold(.delete)
    let logout = Task { try await self.service.sessions.logout(session) }
    await upstream.script.reached(.delete)
    // WAHA has started it anew to show a code.
    upstream.setStatus(.scanQRCode, named: "s_test")
    self.other.sessions.announced("s_test")
    await upstream.script.reached(.qrText)
    upstream.script.release(.delete)
    try await logout.value
    #expect(try await watcher.next() == nil)
  }

  /// Has a server begun to remove the session of `user-1` and end without another word.
  private func removalThatNobodyEnds() async throws -> SessionWatcher {
    let session = try await self.service.session(.working)
    let watcher = self.other.sessions.watch(session, after: nil)
    #expect(try await watcher.next()?.status == .working)
    try await self.service.store.setRemoval(
      .begun, sessionID: session.id, at: self.service.time.wallClock)
    self.other.sessions.heard(
      .changed(.removalBegan, name: session.name, userID: session.userID))
    return watcher
  }

  @Test func `who has a session back that a dead server was removing sees it`() async throws {
    let watcher = try await self.removalThatNobodyEnds()
    self.service.upstream.setStatus(.scanQRCode, named: "s_test")
    _ = try await self.other.sessions.initiate(for: try await makeCaller())
    #expect(try await watcher.next()?.status == .scanQRCode)
  }

  @Test func `a session that a dead server was removing is hidden for no longer than that takes`()
    async throws
  {
    let watcher = try await self.removalThatNobodyEnds()
    self.service.upstream.setStatus(.failed, named: "s_test")
    self.service.time.advance(by: .seconds(121))
    self.other.sessions.announced("s_test")
    #expect(try await watcher.next()?.status == .failed)
  }

  @Test func `what another server did to a session is known at once`() async throws {
    let session = try await self.service.session(.working)
    #expect(try await self.other.sessions.report(of: session).status == .working)
    #expect(try await self.other.sessions.status(of: session) == .working)
    self.service.upstream.setStartsInto(.scanQRCode)
    try await self.service.sessions.restart(session)
    #expect(try await self.other.sessions.report(of: session).status == .scanQRCode)
    #expect(try await self.other.sessions.status(of: session) == .scanQRCode)
    #expect(self.other.changes.values.isEmpty == false)
    #expect(self.other.changes.values == self.service.changes.values)
  }

  @Test func `what WAHA told another server is a reason to ask`() async throws {
    let session = try await self.service.session(.working)
    #expect(try await self.other.sessions.status(of: session) == .working)
    self.service.upstream.setStatus(.failed, named: "s_test")
    self.service.sessions.announced("s_test")
    #expect(try await self.other.sessions.status(of: session) == .failed)
    // It does not go round between them.
    #expect(self.other.changes.values.isEmpty)
  }

  @Test func `whose session it is is looked up again once another server has changed it`()
    async throws
  {
    let caller = try await makeCaller()
    let session = try await self.service.session(.working)
    _ = try await self.other.sessions.session(named: "s_test", of: caller)
    let looks = self.service.store.script.count(.session)
    _ = try await self.other.sessions.session(named: "s_test", of: caller)
    #expect(self.service.store.script.count(.session) == looks)
    try await self.service.sessions.restart(session)
    let restarted = self.service.store.script.count(.session)
    _ = try await self.other.sessions.session(named: "s_test", of: caller)
    #expect(self.service.store.script.count(.session) == restarted + 1)
  }
}
