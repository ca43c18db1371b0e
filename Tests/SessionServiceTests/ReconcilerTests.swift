import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct ReconcilerTests {
  private let service = Service()

  private var reconciler: SessionReconciler {
    SessionReconciler(
      store: self.service.store, hosts: self.service.upstream,
      sessions: self.service.sessions, time: self.service.time.source)
  }

  private func record(_ user: String = "user-1") -> SessionRecord? {
    self.service.store.record(ofUser: user)
  }

  @Test func `where both agree nothing is done`() async throws {
    _ = try await self.service.session(.working)
    let result = await self.reconciler.reconcile()
    var expected = Reconciliation()
    expected.unowned = 0
    expected.placed = [.default: 1]
    #expect(result == expected)
    #expect(self.service.upstream.script.steps == [.sessions])
    #expect(self.service.store.script.count(.setConnected) == 0)
  }

  @Test func `a session that WAHA has lost is noted as disconnected, and can be initiated`()
    async throws
  {
    let session = try await self.service.session(nil)
    let reconciler = self.reconciler
    // One that has just started may not have it in its list yet.
    #expect(await reconciler.reconcile().lost == 0)
    #expect(await reconciler.reconcile().lost == 1)
    #expect(self.record()?.isConnected == false)
    #expect(await reconciler.reconcile().lost == 0)
    #expect(try await self.service.sessions.initiate(for: try await makeCaller()) == session)
    #expect(self.record()?.isConnected == true)
  }

  @Test func `a session that was made and not noted is noted`() async throws {
    self.service.store.setRecord(.sample(isConnected: false))
    self.service.upstream.setStatus(.working, named: "s_test")
    #expect(await self.reconciler.reconcile().found == 1)
    #expect(self.record()?.isConnected == true)
  }

  @Test func `a logout that was cut short is finished, whatever was done of it`() async throws {
    for step in 0..<6 {
      let service = Service(time: ManualTime(skipsSleeps: true))
      let session = try await service.session(.working)
      let reconciler = SessionReconciler(
        store: service.store, hosts: service.upstream, sessions: service.sessions,
        time: service.time.source)
      service.upstream.script.fail(at: step, with: .unreachable)
      _ = await failure { () async throws(UserAPIError) in
        try await service.sessions.logout(session)
      }
      let wasCutShort = service.store.record(ofUser: "user-1")?.removal != nil
      #expect(await reconciler.reconcile().finishedRemovals == (wasCutShort ? 1 : 0))
      #expect(service.upstream.names.isEmpty)
      #expect(!service.upstream.isLinked("s_test"))
      #expect(service.store.record(ofUser: "user-1")?.isConnected == false)
      #expect(service.store.record(ofUser: "user-1")?.removal == nil)
    }
  }

  @Test func `a logout that its user took back is not finished`() async throws {
    let session = try await self.service.session(.working)
    self.service.upstream.script.fail(at: 1, with: .unreachable)
    _ = await failure { () async throws(UserAPIError) in
      try await self.service.sessions.logout(session)
    }
    _ = try await self.service.sessions.initiate(for: try await makeCaller())
    #expect(await self.reconciler.reconcile().finishedRemovals == 0)
    #expect(self.service.upstream.status(named: "s_test") == .working)
  }

  @Test func `sessions that nobody owns are counted and left alone`() async throws {
    _ = try await self.service.session(.working)
    self.service.upstream.setStatus(.working, named: "somebody else's")
    #expect(await self.reconciler.reconcile().unowned == 1)
    #expect(self.service.upstream.names == ["s_test", "somebody else's"])
  }

  @Test func `a WAHA that cannot be asked changes nothing`() async throws {
    _ = try await self.service.session(.working)
    self.service.upstream.script.fail(with: .unreachable)
    let result = await self.reconciler.reconcile()
    #expect(result == Reconciliation())
    #expect(self.record()?.isConnected == true)
  }

  @Test func `a host that does not answer makes none of its sessions look lost`() async throws {
    let (a, b) = (HostName(stored: "a"), HostName(stored: "b"))
    for (index, host) in [a, a, b, HostName(stored: "gone")].enumerated() {
      let name = "s_\(index)"
      self.service.store.setRecord(.sample(name: name, userID: "user-\(index)", host: host))
      self.service.upstream.setHost(host == b ? b : a, named: name)
    }
    // The second of the one is there, the first and all others are not.
    self.service.upstream.setStatus(.working, named: "s_1")
    self.service.upstream.setSilent([b])
    let reconciler = self.reconciler
    for _ in 0..<3 { _ = await reconciler.reconcile() }
    #expect(self.record("user-0")?.isConnected == false)
    for user in ["user-1", "user-2", "user-3"] { #expect(self.record(user)?.isConnected == true) }
    #expect(
      await reconciler.reconcile().placed == [a: 1, b: 1, HostName(stored: "gone"): 1])
    self.service.upstream.setSilent([])
    // What was seen before it was silent is forgotten.
    #expect(await reconciler.reconcile().lost == 0)
    #expect(await reconciler.reconcile().lost == 1)
    #expect(self.record("user-2")?.isConnected == false)
  }

  @Test func `a session on another host than the database says is nobody's there`() async throws {
    self.service.store.setRecord(.sample(isConnected: false))
    self.service.upstream.setHost(HostName(stored: "b"), named: "s_test")
    self.service.upstream.setStatus(.working, named: "s_test")
    let result = await self.reconciler.reconcile()
    #expect(result.unowned == 1)
    #expect(result.found == 0)
    #expect(self.service.upstream.status(named: "s_test") == .working)
  }

  @Test func `a removal waits for its host`() async throws {
    let a = HostName(stored: "a")
    var record = SessionRecord.sample(host: a)
    record.removal = .begun
    self.service.store.setRecord(record)
    self.service.upstream.setHost(a, named: "s_test")
    self.service.upstream.setStatus(.working, named: "s_test")
    self.service.upstream.setSilent([a])
    let reconciler = self.reconciler
    var nothing = Reconciliation()
    (nothing.unowned, nothing.placed) = (0, [a: 1])
    #expect(await reconciler.reconcile() == nothing)
    self.service.upstream.setSilent([])
    #expect(await reconciler.reconcile().finishedRemovals == 1)
  }

  @Test func `a session that is only missing from the list is not lost`() async throws {
    _ = try await self.service.session(nil)
    let reconciler = self.reconciler
    _ = await reconciler.reconcile()
    self.service.upstream.script.hold(.status)
    let look = Task { await reconciler.reconcile() }
    await self.service.upstream.script.reached(.sessions, times: 2)
    // WAHA has it a moment after it was asked for its list.
    self.service.upstream.setStatus(.working, named: "s_test")
    self.service.upstream.script.release(.status)
    let lost = await look.value.lost
    #expect((lost == 0) == (self.record()?.isConnected == true))
  }

  @Test func `one that cannot be set right keeps no other from it`() async throws {
    self.service.store.setRecord(.sample(name: "s_1", userID: "user-1"))
    self.service.store.setRecord(.sample(name: "s_2", userID: "user-2"))
    let reconciler = self.reconciler
    _ = await reconciler.reconcile()
    self.service.upstream.script.fail(at: 1, with: .unreachable)
    let result = await reconciler.reconcile()
    #expect(result.failures == 1)
    #expect(result.lost == 1)
    #expect(await reconciler.reconcile().lost == 1)
  }

  @Test func `no more than a hundred sessions are set right at once`() async throws {
    for index in 0..<150 {
      self.service.store.setRecord(.sample(name: "s_\(index)", userID: "user-\(index)"))
    }
    let reconciler = self.reconciler
    _ = await reconciler.reconcile()
    #expect(await reconciler.reconcile().lost == 100)
  }

  @Test func `a removal that fails is tried ever more rarely, and without the phone in the end`()
    async throws
  {
    self.service.upstream.setStatus(.working, named: "s_test")
    var record = SessionRecord.sample()
    record.removal = .begun
    self.service.store.setRecord(record)
    self.service.upstream.setRefusesLogout(true)
    let reconciler = self.reconciler
    var failures: [Int] = []
    for look in 1...8 where await reconciler.reconcile().failures > 0 { failures.append(look) }
    // Three times with the phone; the fourth deletes the session.
    #expect(failures == [1, 2, 4])
    #expect(self.service.upstream.names.isEmpty)
    #expect(self.record()?.isConnected == false)
  }

  @Test func `a session that was linked anew after its phone was unlinked is kept`() async throws {
    self.service.upstream.setStatus(.working, named: "s_test")
    var record = SessionRecord.sample()
    record.removal = .unlinked
    self.service.store.setRecord(record)
    #expect(await self.reconciler.reconcile().finishedRemovals == 0)
    #expect(self.service.upstream.status(named: "s_test") == .working)
    #expect(self.record()?.removal == nil)
  }

  @Test func `any number of sessions costs WAHA one question`() async throws {
    for index in 0..<2_500 {
      let name = "s_\(index)"
      self.service.store.setRecord(.sample(name: name, userID: "user-\(index)"))
      self.service.upstream.setStatus(.working, named: name)
    }
    #expect(await self.reconciler.reconcile().unowned == 0)
    #expect(self.service.upstream.script.steps == [.sessions])
    #expect(self.service.store.script.count(.sessions) == 3)
  }

  @Test func `what was cut short is finished at once, and WAHA asked for nothing else`()
    async throws
  {
    _ = try await self.service.session(nil)
    #expect(await self.reconciler.finishRemovals() == Reconciliation())
    #expect(self.service.upstream.script.steps.isEmpty)
    var record = SessionRecord.sample()
    record.removal = .begun
    self.service.store.setRecord(record)
    self.service.upstream.setStatus(.working, named: "s_test")
    #expect(await self.reconciler.finishRemovals().finishedRemovals == 1)
    #expect(self.service.upstream.names.isEmpty)
  }

  @Test func `it compares after each pause, until it is cancelled`() async throws {
    let reports = Recorder<Reconciliation>()
    let run = Task {
      await self.reconciler.run(every: .seconds(60)) { if let found = $0 { reports.append(found) } }
    }
    for look in 1...3 {
      await self.service.time.slept(times: look)
      #expect(reports.values.count == look)
      #expect(self.service.upstream.script.count(.sessions) == look - 1)
      self.service.time.advance(by: .seconds(60))
    }
    run.cancel()
    await run.value
    #expect(self.service.time.naps.allSatisfy { $0 == .seconds(60) })
  }
}
