import SessionService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct InitiateFailureTests {
  /// How things are before the call.
  enum Start: CaseIterable {
    case nothing, forgotten, stopped, failed, loggedOut, working

    func prepare(_ service: Service) {
      switch self {
      case .nothing: break
      case .forgotten: service.store.setRecord(.sample())
      case .loggedOut: service.store.setRecord(.sample(isConnected: false))
      case .stopped, .failed, .working:
        service.store.setRecord(.sample())
        let status: SessionStatus =
          self == .stopped ? .stopped : self == .failed ? .failed : .working
        service.upstream.setStatus(status, named: "s_test")
      }
    }
  }

  enum Side: CaseIterable {
    case store, upstream
  }

  @Test(arguments: Start.allCases, Side.allCases)
  func `whatever step fails, the next call succeeds`(start: Start, side: Side) async throws {
    for afterwards in [false, true] {
      var hasFailed = true
      var index = 0
      while hasFailed {
        hasFailed = try await self.fails(start, side, at: index, afterwards: afterwards)
        index += 1
      }
      #expect(index > 1)
    }
  }

  /// Calls once with a failure at one step, and once more.
  ///
  /// - Returns: Whether there was such a step.
  private func fails(
    _ start: Start, _ side: Side, at index: Int, afterwards: Bool
  ) async throws -> Bool {
    let service = Service()
    start.prepare(service)
    switch side {
    case .store:
      service.store.script.fail(at: index, with: .storeDown, afterwards: afterwards)
    case .upstream:
      service.upstream.script.fail(at: index, with: .unreachable, afterwards: afterwards)
    }
    let caller = try await makeCaller()
    let error = await failure { () async throws(UserAPIError) in
      try await service.sessions.initiate(for: caller)
    }
    guard let error else { return false }
    #expect(error.message == "Failed to create WhatsApp session")
    #expect(error.code == .internal)
    #expect(error.trpcCode == "INTERNAL_SERVER_ERROR")
    #expect(error.reason == (side == .store ? .storeUnavailable : .upstreamUnavailable))

    let stored = service.store.record(ofUser: "user-1")
    let session = try await service.sessions.initiate(for: caller)
    let record = try #require(service.store.record(ofUser: "user-1"))
    #expect(record.isConnected)
    #expect(record.name == session.name)
    if let stored { #expect(stored.name == session.name && stored.id == session.id) }
    let status = service.upstream.status(named: session.name)
    #expect(status == .starting || status == .working)
    #expect(service.upstream.names == [session.name])
    return true
  }

  @Test(arguments: [
    ErrorReason.upstreamUnavailable, .upstreamTimeout, .upstreamBusy, .upstreamRateLimited,
    .upstreamUnauthorized, .upstreamInvalidResponse,
  ])
  func `the reason is kept and the rest is always the same`(reason: ErrorReason) async throws {
    let service = Service()
    let pause: Duration? = reason == .upstreamRateLimited ? .seconds(60) : nil
    service.upstream.script.failAll(with: UserAPIError(reason, "text", retryAfter: pause))
    let caller = try await makeCaller()
    let error = try #require(
      await failure { () async throws(UserAPIError) in
        try await service.sessions.initiate(for: caller)
      })
    #expect(error.reason == reason)
    #expect(error.code == .internal)
    #expect(error.message == "Failed to create WhatsApp session")
    #expect(error.trpcCode == "INTERNAL_SERVER_ERROR")
    #expect(error.retryAfter == pause)
    #expect(error.cause != nil)
  }

  @Test(arguments: [SessionStatus.stopped, .failed])
  func `a session that is gone before it is started is made again`(
    status: SessionStatus
  ) async throws {
    let service = Service()
    let session = try await service.session(status)
    service.upstream.script.fail(
      at: 1, with: UserAPIError(.sessionMissingUpstream, "it is gone"))
    #expect(try await service.sessions.initiate(for: try await makeCaller()) == session)
    #expect(service.upstream.script.count(.create) == 1)
  }

  @Test func `a call that its caller gives up is cancelled at WAHA`() async throws {
    let service = Service()
    let caller = try await makeCaller()
    service.upstream.script.hold(.create)
    let call = Task.immediate { try await service.sessions.initiate(for: caller) }
    await service.upstream.script.reached(.create)
    call.cancel()
    #expect(await call.failure?.code == .canceled)
    await service.upstream.script.canceled(.create)
    service.upstream.script.release(.create)
    let session = try await service.sessions.initiate(for: caller)
    #expect(service.upstream.names == [session.name])
    #expect(service.store.script.count(.insert) == 1)
  }

  @Test func `one of two callers can give up without harm to the other`() async throws {
    let service = Service()
    let caller = try await makeCaller()
    service.upstream.script.hold(.create)
    let first = Task.immediate { try await service.sessions.initiate(for: caller) }
    await service.upstream.script.reached(.create)
    let second = Task.immediate { try await service.sessions.initiate(for: caller) }
    first.cancel()
    #expect(await first.failure?.code == .canceled)
    service.upstream.script.release(.create)
    let session = try await second.value
    #expect(service.upstream.status(named: session.name) == .starting)
    #expect(service.upstream.script.count(.create) == 1)
  }

  @Test func `a failure reaches everyone who waits, and nobody after`() async throws {
    let service = Service()
    let caller = try await makeCaller()
    service.upstream.script.hold(.status)
    service.upstream.script.fail(with: .unreachable)
    let calls = (0..<10).map { _ in
      Task.immediate { try await service.sessions.initiate(for: caller) }
    }
    await service.upstream.script.reached(.status)
    service.upstream.script.release(.status)
    for call in calls { #expect(await call.failure?.reason == .upstreamUnavailable) }
    _ = try await service.sessions.initiate(for: caller)
  }
}
