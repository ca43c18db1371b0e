import SessionService
import TestKit
import Testing
import UserAPI
import WAHA
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct BreakerTests {
  /// Calls the status until the breaker is open.
  func open(_ pair: Pair, _ session: OwnedSession) async {
    for _ in 0..<5 { _ = await Function.status.failure(pair.waha, session) }
    #expect(pair.waha.isBreakerOpen)
    pair.server.clearRequests()
  }

  @Test(arguments: [Fault.Answer.status(502), .status(503), .status(504), .drop])
  func `a WAHA that fails five times in a row is left alone, and is used again when it is back`(
    answer: Fault.Answer
  ) async throws {
    let time = ManualTime()
    try await withWAHA(now: { time.now }) { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(answer))
      for _ in 0..<4 { _ = await Function.status.failure(pair.waha, session) }
      #expect(!pair.waha.isBreakerOpen)
      await self.open(pair, session)
      pair.server.clearFaults()
      for function in Function.allCases {
        let error = await function.failure(pair.waha, session)
        #expect(error?.reason == .upstreamUnavailable, "\(function)")
        #expect(error?.retryAfter == .seconds(1))
      }
      #expect(pair.server.requests().isEmpty)
      time.advance(by: .seconds(1))
      #expect(try await pair.waha.status(of: session) == .working)
      #expect(!pair.waha.isBreakerOpen)
      #expect(try await pair.waha.status(of: session) == .working)
    }
  }

  @Test func `one call tries while the others are still refused`() async throws {
    let time = ManualTime()
    try await withWAHA(now: { time.now }) { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(.status(503), count: 6))
      await self.open(pair, session)
      time.advance(by: .seconds(1))
      pair.server.addFault(Fault(.hang, path: "/api/sessions", count: 1))
      let probe = Task { try await pair.waha.status(of: session) }
      while pair.server.requestCount().requests == 0 { await Task.yield() }
      #expect(await Function.status.failure(pair.waha, session)?.retryAfter == .seconds(1))
      #expect(pair.server.requestCount().requests == 1)
      // Given up, it leaves its place to the next.
      probe.cancel()
      #expect(await probe.failure?.code == .canceled)
      #expect(try await pair.waha.status(of: session) == .working)
    }
  }

  @Test func `a WAHA that failed is down until it has answered, and is asked by who wants to know`()
    async throws
  {
    let time = ManualTime()
    try await withWAHA(now: { time.now }) { pair in
      #expect(pair.waha.isUp())
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(.status(503)))
      await self.open(pair, session)
      #expect(!pair.waha.isUp())
      #expect(pair.server.requests().isEmpty)
      // That time has passed is no answer.
      time.advance(by: .seconds(1))
      #expect(!pair.waha.isUp())
      while pair.server.requestCount().requests == 0 { await Task.yield() }
      #expect(!pair.waha.isUp())
      pair.server.clearFaults()
      while !pair.waha.isUp() {
        time.advance(by: .seconds(1))
        await Task.yield()
      }
      #expect(try await pair.waha.status(of: session) == .working)
    }
  }

  @Test func `a ping goes out all the same`() async throws {
    let time = ManualTime()
    try await withWAHA(now: { time.now }) { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(.drop))
      await self.open(pair, session)
      pair.server.clearFaults()
      try await pair.waha.ping(timeout: .seconds(10))
      #expect(pair.waha.isBreakerOpen)
    }
  }

  @Test(arguments: [Fault.Answer.status(502), .status(503), .status(504), .drop])
  func `one session whose status fails is no failure of WAHA`(answer: Fault.Answer) async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(answer, path: "/api/sessions"))
      for _ in 0..<20 {
        #expect(
          await Function.status.failure(pair.waha, session)?.reason == .upstreamUnavailable)
        #expect(!pair.waha.isBreakerOpen)
      }
      #expect(pair.server.requests().filter { $0.path.hasPrefix("/ping") }.count == 4)
    }
  }

  @Test func `what WAHA itself answers is no failure of WAHA`() async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      let answers: [Fault.Answer] = [
        .status(200, body: "<html>"), .status(401), .status(404), .status(429), .status(500),
        .exception(ServerException("14 UNAVAILABLE: no connection")),
      ]
      for answer in answers {
        pair.server.clearFaults()
        pair.server.addFault(Fault(answer))
        for _ in 0..<6 { _ = await Function.status.failure(pair.waha, session) }
        #expect(!pair.waha.isBreakerOpen, "\(answer)")
      }
    }
  }

  @Test func `calls that are given up are no failures`() async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(.hang))
      for count in 1...6 {
        let call = Task { try await pair.waha.status(of: session) }
        while pair.server.requestCount().requests < count { await Task.yield() }
        call.cancel()
        #expect(await call.failure?.code == .canceled)
      }
      #expect(!pair.waha.isBreakerOpen)
    }
  }

  /// What a session's engine has to do with.
  static let engineCalls: [Function] = [.qrCode, .groups, .start, .restart, .logout, .delete]

  @Test(arguments: engineCalls, [Fault.Answer.hang, .status(502), .status(503), .status(504)])
  func `a session whose engine does not answer is no failure of WAHA`(
    function: Function, answer: Fault.Answer
  ) async throws {
    let time = ManualTime()
    let timeout: Duration = answer == .hang ? .milliseconds(20) : .seconds(50)
    try await withWAHA { pair in
      let waha = try makeUpstream(
        port: pair.server.port, now: { time.now },
        configure: {
          $0.listTimeout = timeout
          $0.lifecycleTimeout = timeout
        })
      let session = try await pair.session("WORKING")
      // Knows then what WAHA is, so that a list is one call.
      _ = await Function.groups.failure(waha, session)
      // Nothing is answered between the failures.
      pair.server.addFault(Fault(answer))
      for _ in 0..<6 {
        let reason: ErrorReason = answer == .hang ? .upstreamTimeout : .upstreamUnavailable
        #expect(await function.failure(waha, session)?.reason == reason)
      }
      #expect(!waha.isBreakerOpen)
    }
  }

  @Test func `people whose lists hang are no failure of WAHA`() async throws {
    let time = ManualTime()
    try await withWAHA(now: { time.now }, configure: { $0.listTimeout = .milliseconds(20) }) {
      pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(.hang, path: "/api/contacts"))
      for _ in 0..<6 {
        #expect(await Function.contacts.failure(pair.waha, session)?.reason == .upstreamTimeout)
      }
      #expect(!pair.waha.isBreakerOpen)
    }
  }

  @Test func `a WAHA that does not answer what it knows at once has failed`() async throws {
    let time = ManualTime()
    try await withWAHA(
      now: { time.now }, configure: { $0.statusTimeout = .milliseconds(20) }
    ) { pair in
      let session = try await makeOwnedSession()
      pair.server.addFault(Fault(.hang))
      await self.open(pair, session)
    }
  }
}
