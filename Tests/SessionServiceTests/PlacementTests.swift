import NIOConcurrencyHelpers
import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct PlacementTests {
  private let a = HostName(stored: "a")
  private let b = HostName(stored: "b")

  private func service(
    _ first: Int?, _ second: Int?, like other: Service? = nil
  ) -> Service {
    Service(
      store: other?.store ?? InMemorySessionStore(),
      upstream: other?.upstream ?? ScriptedUpstream(), time: ManualTime(skipsSleeps: true),
      placement: HostPlacement(hosts: [
        .init(name: self.a, capacity: first), .init(name: self.b, capacity: second),
      ]))
  }

  private func initiate(_ service: Service, _ user: String) async throws -> OwnedSession {
    try await service.sessions.initiate(for: try await makeCaller(user))
  }

  /// Why the user gets no session.
  private func failure(_ service: Service, _ user: String) async throws -> UserAPIError? {
    let caller = try await makeCaller(user)
    return await TestKit.failure { () async throws(UserAPIError) in
      try await service.sessions.initiate(for: caller)
    }
  }

  @Test func `sessions are spread, and made where the database says they are`() async throws {
    let service = self.service(nil, nil)
    for index in 0..<6 {
      let session = try await self.initiate(service, "user-\(index)")
      #expect(session.host == (index % 2 == 0 ? self.a : self.b))
      #expect(service.upstream.host(named: session.name) == session.host)
      #expect(service.store.record(ofUser: "user-\(index)")?.host == session.host)
    }
  }

  @Test func `without room nothing is stored, and WAHA asked for nothing`() async throws {
    let service = self.service(1, 1)
    for user in ["user-1", "user-2"] { _ = try await self.initiate(service, user) }
    service.upstream.script.clear()
    let error = try #require(await self.failure(service, "user-3"))
    #expect(error.reason == .noCapacity)
    #expect(error.code == .resourceExhausted)
    #expect(error.trpcCode == "TOO_MANY_REQUESTS")
    #expect(error.message == "Failed to create WhatsApp session")
    #expect(service.store.record(ofUser: "user-3") == nil)
    #expect(service.upstream.script.steps.isEmpty)
    // Those who have a session keep it.
    _ = try await self.initiate(service, "user-1")
  }

  @Test func `calls of many users at once fill the hosts, and no more`() async throws {
    let service = self.service(7, 4)
    let (made, refused) = await withTaskGroup(of: Bool.self) { group in
      for index in 0..<40 {
        group.addTask {
          do { _ = try await self.initiate(service, "user-\(index)") } catch { return false }
          return true
        }
      }
      return await group.reduce(into: (0, 0)) { if $1 { $0.0 += 1 } else { $0.1 += 1 } }
    }
    #expect((made, refused) == (11, 29))
    let hosts = service.upstream.names.compactMap { service.upstream.host(named: $0) }
    #expect(hosts.count { $0 == self.a } == 7)
    #expect(hosts.count { $0 == self.b } == 4)
  }

  @Test func `a logout makes room for another`() async throws {
    let service = self.service(1, 0)
    let session = try await self.initiate(service, "user-1")
    service.upstream.setStatus(.working, named: session.name)
    #expect(try await self.failure(service, "user-2")?.reason == .noCapacity)
    try await service.sessions.logout(session)
    _ = try await self.initiate(service, "user-2")
    // The first has its name still, and no room.
    #expect(try await self.failure(service, "user-1")?.reason == .noCapacity)
    #expect(service.store.record(ofUser: "user-1")?.isConnected == false)
  }

  @Test func `a session that was logged out is placed anew, under its name`() async throws {
    let service = self.service(nil, nil)
    let session = try await self.initiate(service, "user-1")
    #expect(session.host == self.a)
    service.upstream.setStatus(.working, named: session.name)
    try await service.sessions.logout(session)
    for index in 2..<4 { _ = try await self.initiate(service, "user-\(index)") }
    _ = try await self.initiate(service, "user-4")
    // Two are on the one and one is on the other.
    let again = try await self.initiate(service, "user-1")
    #expect(again.name == session.name && again.id == session.id)
    #expect(again.host == self.b)
    #expect(service.upstream.host(named: session.name) == self.b)
  }

  @Test func `a session that its host lost is made there again`() async throws {
    let service = self.service(1, nil)
    let session = try await self.initiate(service, "user-1")
    #expect(session.host == self.a)
    service.upstream.setStatus(nil, named: session.name)
    #expect(try await self.initiate(service, "user-1") == session)
    #expect(service.store.script.count(.place) == 0)
  }

  @Test func `a drained host serves what it has, and gets nothing`() async throws {
    let before = self.service(nil, 0)
    let session = try await self.initiate(before, "user-1")
    #expect(session.host == self.a)
    let service = self.service(0, nil, like: before)
    for status in [SessionStatus.stopped, .failed, .working] {
      service.upstream.setStatus(status, named: session.name)
      #expect(try await self.initiate(service, "user-1") == session)
      #expect(service.upstream.status(named: session.name) == .working)
    }
    #expect(try await self.initiate(service, "user-2").host == self.b)
  }

  @Test func `a session that a drained host no longer has is placed elsewhere`() async throws {
    let before = self.service(nil, 0)
    let session = try await self.initiate(before, "user-1")
    let service = self.service(0, 1, like: before)
    service.upstream.setStatus(nil, named: session.name)
    let moved = try await self.initiate(service, "user-1")
    #expect(moved.name == session.name)
    #expect(moved.host == self.b)
    #expect(service.upstream.host(named: session.name) == self.b)
    #expect(service.store.record(ofUser: "user-1")?.host == self.b)
    // What nobody has room for stays where it was.
    #expect(try await self.failure(service, "user-2")?.reason == .noCapacity)
  }

  @Test func `a host that does not answer loses no session to another`() async throws {
    let before = self.service(nil, 0)
    let session = try await self.initiate(before, "user-1")
    let service = self.service(0, nil, like: before)
    service.upstream.setSilent([self.a])
    #expect(try await self.failure(service, "user-1")?.reason == .upstreamUnavailable)
    #expect(service.store.record(ofUser: "user-1")?.host == self.a)
    #expect(service.upstream.host(named: session.name) == self.a)
  }

  @Test func `who is placed on a host that does not answer is placed on another`() async throws {
    let service = self.service(nil, nil)
    service.upstream.setSilent([self.a])
    for number in 1...3 {
      let session = try await self.initiate(service, "user-\(number)")
      #expect(session.host == self.b)
      #expect(service.upstream.host(named: session.name) == self.b)
    }
    service.upstream.setSilent([self.a, self.b])
    #expect(try await self.failure(service, "user-4")?.reason == .upstreamUnavailable)
    #expect(service.store.record(ofUser: "user-4") == nil)
    // What another has no room for fails as the first did.
    let full = self.service(nil, 3, like: service)
    full.upstream.setSilent([self.a])
    #expect(try await self.failure(full, "user-5")?.reason == .upstreamUnavailable)
    #expect(full.store.record(ofUser: "user-5") == nil)
  }

  @Test func `a host that is known to be down is asked for nothing`() async throws {
    let service = Service(
      time: ManualTime(skipsSleeps: true),
      placement: HostPlacement(hosts: [
        .init(name: self.a), .init(name: self.b), .init(name: HostName(stored: "c"), capacity: 0),
      ]),
      isHostUp: { [a = self.a] host in host != a })
    for number in 1...3 {
      #expect(try await self.initiate(service, "user-\(number)").host == self.b)
    }
    // Where there is no other, it may be up after all.
    let down = Service(
      time: ManualTime(skipsSleeps: true),
      placement: HostPlacement(hosts: [
        .init(name: self.a), .init(name: self.b, capacity: 0),
      ]),
      isHostUp: { [b = self.b] host in host == b })
    #expect(try await self.initiate(down, "user-1").host == self.a)
  }

  @Test func `who comes back is not kept on a host that does not answer`() async throws {
    let service = self.service(nil, nil)
    let session = try await self.initiate(service, "user-1")
    #expect(session.host == self.a)
    service.upstream.setStatus(.working, named: session.name)
    try await service.sessions.logout(session)
    _ = try await self.initiate(service, "user-2")
    #expect(try await self.initiate(service, "user-3").host == self.b)
    _ = try await self.initiate(service, "user-4")
    // The other has fewer.
    service.upstream.setSilent([self.b])
    let again = try await self.initiate(service, "user-1")
    #expect(again == session)
    #expect(service.upstream.host(named: session.name) == self.a)
    // One from a host that is gone stays what it was where none answers.
    let gone = SessionRecord.sample(
      userID: "user-9", host: HostName(stored: "gone"), isConnected: false)
    service.store.setRecord(gone)
    service.upstream.setSilent([self.a, self.b])
    #expect(try await self.failure(service, "user-9")?.reason == .upstreamUnavailable)
    #expect(service.store.record(ofUser: "user-9") == gone)
  }

  @Test func `what another server has placed meanwhile is not taken back`() async throws {
    for previous in [nil, SessionRecord.sample(host: self.a, isConnected: false)] {
      let service = self.service(nil, nil)
      if let previous { service.store.setRecord(previous) }
      var theirs = SessionRecord.sample(name: "s_theirs", host: self.b)
      theirs.updatedAt = Timestamp(millisecondsSinceEpoch: 1)
      let placing: InMemorySessionStore.Step = previous == nil ? .insert : .place
      service.store.script.whenBegun { [store = service.store, theirs] step in
        if step == placing { store.setRecord(theirs) }
      }
      service.upstream.setSilent([self.b])
      #expect(try await self.failure(service, "user-1")?.reason == .upstreamUnavailable)
      #expect(service.store.record(ofUser: "user-1") == theirs)
    }
  }

  @Test func `who gives up on a host that hangs takes no place there`() async throws {
    let service = self.service(nil, nil)
    let caller = try await makeCaller()
    service.upstream.script.hold(.status)
    let call = Task.immediate { try await service.sessions.initiate(for: caller) }
    await service.upstream.script.reached(.status)
    call.cancel()
    #expect(await call.failure?.code == .canceled)
    service.upstream.script.release(.status)
    // It comes after what the other left behind is done with.
    _ = try await service.sessions.initiate(for: caller)
    #expect(service.store.script.count(.insert) == 2)
  }

  @Test func `who logs out again when the host is gone has his session back after it`() async throws
  {
    let before = self.service(nil, nil)
    let session = try await self.initiate(before, "user-1")
    #expect(session.host == self.a)
    try await before.sessions.logout(session)
    let service = Service(
      store: before.store, upstream: before.upstream, time: ManualTime(skipsSleeps: true),
      placement: HostPlacement(hosts: [.init(name: self.b), .init(name: HostName(stored: "c"))]))
    service.upstream.setSilent([self.a])
    try await service.sessions.logout(session)
    #expect(service.store.record(ofUser: "user-1")?.removal == nil)
    let again = try await self.initiate(service, "user-1")
    #expect(again.host == self.b)
    #expect(again.name == session.name)
  }

  @Test func `a session that was gone from a host that is gone is placed without asking it`()
    async throws
  {
    let service = self.service(nil, nil)
    let gone = HostName(stored: "gone")
    service.store.setRecord(.sample(host: gone, isConnected: false))
    service.upstream.setSilent([gone])
    let caller = try await makeCaller()
    #expect(try await service.sessions.usableSession(of: caller) == nil)
    #expect(try await self.initiate(service, "user-1").host == self.a)
    // One that may be there is not.
    service.store.setRecord(.sample(userID: "user-2", host: gone))
    #expect(try await self.failure(service, "user-2")?.reason == .upstreamUnavailable)
    #expect(service.store.record(ofUser: "user-2")?.host == gone)
  }

  @Test func `whatever step fails, there is one session in one place in the end`() async throws {
    for side in InitiateFailureTests.Side.allCases {
      for index in 0..<6 {
        let before = self.service(nil, 0)
        let session = try await self.initiate(before, "user-1")
        let service = self.service(0, 1, like: before)
        service.upstream.setStatus(nil, named: session.name)
        switch side {
        case .store: service.store.script.fail(at: index, with: .storeDown, afterwards: true)
        case .upstream:
          service.upstream.script.fail(at: index, with: .unreachable, afterwards: true)
        }
        // There were no more steps.
        guard try await self.failure(service, "user-1") != nil else { break }
        #expect(try await self.initiate(service, "user-1").host == self.b)
        #expect(service.upstream.names == [session.name])
        #expect(service.upstream.host(named: session.name) == self.b)
        #expect(try await self.failure(service, "user-2")?.reason == .noCapacity)
      }
    }
  }

  // MARK: Those who knew it before

  @Test func `another replica finds a session where it was placed anew`() async throws {
    let before = self.service(nil, 0)
    let session = try await self.initiate(before, "user-1")
    let service = self.service(0, nil, like: before)
    let other = self.service(0, nil, like: before)
    let caller = try await makeCaller()
    let known = try await other.sessions.session(named: session.name, of: caller)
    service.upstream.setStatus(nil, named: session.name)
    _ = try await self.initiate(service, "user-1")
    service.upstream.setStatus(.scanQRCode, named: session.name)
    #expect(known.host == self.a)
    #expect(try await other.sessions.status(of: known) == .scanQRCode)
    #expect(try await other.sessions.qrCode(of: known).isEmpty == false)
    // Also when the old host is gone meanwhile.
    let third = self.service(0, nil, like: before)
    service.upstream.setSilent([self.a])
    #expect(try await third.sessions.status(of: known) == .scanQRCode)
  }

  @Test(arguments: [1, 2])
  func `a session that was gone from a host that is gone is missing, and not out of reach`(
    hosts: Int
  ) async throws {
    let names = [self.a, self.b].prefix(hosts)
    let service = Service(
      time: ManualTime(skipsSleeps: true),
      placement: HostPlacement(hosts: names.map { .init(name: $0) }))
    let gone = HostName(stored: "gone")
    service.upstream.setSilent([gone])
    service.store.setRecord(.sample(host: gone, isConnected: false))
    let session = try await service.sessions.session(named: "s_test", of: try await makeCaller())
    #expect(await self.failures(of: session, service) == [.sessionMissingUpstream])
    // One that may be there is out of reach.
    service.store.setRecord(.sample(name: "s_other", userID: "user-2", host: gone))
    let other = try await service.sessions.session(
      named: "s_other", of: try await makeCaller("user-2"))
    #expect(await self.failures(of: other, service) == [.upstreamUnavailable])
  }

  /// Why nobody can say how the session is, nor restart it.
  private func failures(of session: OwnedSession, _ service: Service) async -> Set<ErrorReason?> {
    let report = await TestKit.failure { () async throws(UserAPIError) in
      _ = try await service.sessions.report(of: session)
    }
    let restart = await TestKit.failure { () async throws(UserAPIError) in
      try await service.sessions.restart(session)
    }
    return [report?.reason, restart?.reason]
  }

  @Test func `what is done to a session is done where it is now`() async throws {
    let before = self.service(nil, 0)
    let session = try await self.initiate(before, "user-1")
    let service = self.service(0, nil, like: before)
    service.upstream.setStatus(nil, named: session.name)
    _ = try await self.initiate(service, "user-1")
    service.upstream.setStatus(.working, named: session.name)
    try await service.sessions.restart(session)
    #expect(service.upstream.script.count(.restart) == 1)
    try await service.sessions.logout(session)
    #expect(service.upstream.names.isEmpty)
    #expect(service.store.record(ofUser: "user-1")?.isConnected == false)
  }

  @Test func `who watches a session sees it on its new host`() async throws {
    let before = self.service(nil, 0)
    let session = try await self.initiate(before, "user-1")
    let service = self.service(0, nil, like: before)
    service.upstream.setStatus(.working, named: session.name)
    let watcher = service.sessions.watch(session, after: nil)
    #expect(try await watcher.next()?.status == .working)
    service.upstream.setStatus(nil, named: session.name)
    _ = try await self.initiate(service, "user-1")
    service.upstream.setStatus(.scanQRCode, named: session.name)
    service.sessions.announced(session.name)
    while let event = try await watcher.next(), event.status != .scanQRCode {}
    #expect(service.upstream.host(named: session.name) == self.b)
  }
}
