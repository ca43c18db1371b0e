import AuthService
import NIOCore
import SessionService
import TestKit
import Testing
import UserAPI

@testable import UserAPIClient
@testable import UserAPIServer

/// A procedure that answers with a stream, from the socket to the service.
@Suite(.timeLimit(.minutes(10))) struct StreamTests {
  private static let request = WatchSessionRequest(sessionName: "s_test", qrFormat: .text)

  /// The events that come until the stream ends.
  private func rest(
    _ events: inout MessageStream<SessionEvent>.AsyncIterator
  ) async -> (events: [SessionEvent], error: UserAPIError?) {
    var seen: [SessionEvent] = []
    do throws(UserAPIError) {
      while let event = try await events.next() { seen.append(event) }
      return (seen, nil)
    } catch {
      return (seen, error)
    }
  }

  @Test func `each change comes as an event, until the session is logged out`() async throws {
    try await CallPort.with { port in
      port.upstream.setStatus(.scanQRCode, named: "s_test")
      var events = try await port.client.watchSession(Self.request).makeAsyncIterator()
      let first = try #require(try await events.next())
      #expect(first.sessionName == "s_test")
      #expect(first.status == .scanQRCode)
      #expect(first.qr == "2@first")
      await port.time.slept(times: 1)
      port.upstream.setStatus(.working, named: "s_test")
      port.time.advance(by: .seconds(10))
      let second = try #require(try await events.next())
      #expect(second.status == .working)
      #expect(second.qr == nil)
      #expect(second.seq > first.seq)
      _ = try await port.client.logoutSession(SessionRequest(sessionName: "s_test"))
      #expect(await self.rest(&events).error == nil)
    }
  }

  @Test func `a picture comes as base64`() async throws {
    try await CallPort.with { port in
      port.upstream.setStatus(.scanQRCode, named: "s_test")
      var events = try await port.client.watchSession(WatchSessionRequest(sessionName: "s_test"))
        .makeAsyncIterator()
      // 0x89, P, N, G, 2@first
      #expect(try await events.next()?.qr == "iVBORzJAZmlyc3Q=")
    }
  }

  @Test func `a session that is not the caller's is not watched`() async throws {
    try await CallPort.with { port in
      port.upstream.setStatus(.working, named: "s_other")
      var events = try await port.client.watchSession(WatchSessionRequest(sessionName: "s_other"))
        .makeAsyncIterator()
      #expect(await self.rest(&events).error?.reason == .sessionNotFound)
      #expect(port.upstream.script.steps.isEmpty)
    }
  }

  @Test func `a stream with nothing to tell shows that the server is there`() async throws {
    var limits = CallLimits.defaults
    limits.heartbeatInterval = .milliseconds(1)
    try await CallPort.with(limits: limits) { port in
      port.upstream.setStatus(.working, named: "s_test")
      var body = ByteBuffer()
      body.writeEnvelope { Self.request.write(to: &$0) }
      let response = try await port.client.response(
        to: body, path: Procedure.watchSession.path, patience: .silence(.seconds(60)))
      // The event may come behind the first of them.
      let heartbeat = ByteBuffer(string: "{}")
      var event = try await response.next()
      while event == heartbeat { event = try await response.next() }
      #expect(try SessionEvent(buffer: try #require(event)).status == .working)
      for _ in 0..<3 { #expect(try await response.next() == heartbeat) }
      response.giveUp()
    }
  }

  @Test func `a stream that goes on shows so before it has anything to tell`() async throws {
    var limits = CallLimits.defaults
    limits.heartbeatInterval = .milliseconds(1)
    try await CallPort.with(limits: limits) { port in
      port.upstream.setStatus(.working, named: "s_test")
      var events = try await port.client.watchSession(Self.request).makeAsyncIterator()
      var request = Self.request
      request.after = try #require(try await events.next()).seq
      var body = ByteBuffer()
      body.writeEnvelope { request.write(to: &$0) }
      let response = try await port.client.response(
        to: body, path: Procedure.watchSession.path, patience: .silence(.seconds(60)))
      for _ in 0..<3 { #expect(try await response.next() == ByteBuffer(string: "{}")) }
      response.giveUp()
    }
  }

  /// Six of them fill the stream's window, and what the server holds beside it.
  private static let longCode = String(repeating: "2", count: 64 << 10)

  /// Has the session show a dozen codes, one after the other.
  private func showCodes(
    _ port: CallPort, _ shown: (Int) async throws -> Void = { _ in }
  ) async throws {
    for number in 1...12 {
      // Beside each nap of a look there is one until the code is over, but for the first code's.
      await port.time.slept(times: 2 * number - 1)
      port.upstream.setCode(Self.longCode + "\(number)")
      port.time.advance(by: .seconds(1))
      try await shown(number)
    }
    await port.time.slept(times: 25)
  }

  @Test func `a reader that does not read is given up`() async throws {
    var limits = CallLimits.defaults
    limits.readerTimeout = .milliseconds(1)
    limits.heartbeatInterval = .milliseconds(1)
    try await CallPort.with(limits: limits) { port in
      port.upstream.setStatus(.scanQRCode, named: "s_test")
      var events = try await port.client.watchSession(Self.request).makeAsyncIterator()
      #expect(try await events.next()?.qr == "2@first")
      try await self.showCodes(port)
      let ended = #"user_api_calls_total{procedure="watchSession",code="resource_exhausted"} 1"#
      while !port.metrics.text().contains(ended) { await Task.yield() }
      let outcome = await self.rest(&events)
      #expect(outcome.error?.reason == .readerTooSlow)
      #expect(outcome.error?.code == .resourceExhausted)
      #expect(outcome.events.count < 12)
      #expect(
        outcome.events.map(\.qr)
          == outcome.events.indices.map { Self.longCode + "\($0 + 1)" })
    }
  }

  @Test func `a reader that does not read keeps nobody waiting`() async throws {
    try await CallPort.with { port in
      port.upstream.setStatus(.scanQRCode, named: "s_test")
      var idle = try await port.client.watchSession(Self.request).makeAsyncIterator()
      #expect(try await idle.next()?.qr == "2@first")
      var events = try await port.client.watchSession(Self.request).makeAsyncIterator()
      #expect(try await events.next()?.qr == "2@first")
      try await self.showCodes(port) { number in
        let event = try await events.next()
        #expect(event?.qr == Self.longCode + "\(number)")
      }
      // It goes on where it was.
      for number in 1...12 {
        #expect(try await idle.next()?.qr == Self.longCode + "\(number)")
      }
    }
  }

  @Test func `a stream ends as soon as the server begins to stop`() async throws {
    try await CallPort.with { port in
      port.upstream.setStatus(.working, named: "s_test")
      var events = try await port.client.watchSession(Self.request).makeAsyncIterator()
      #expect(try await events.next()?.status == .working)
      let server = port.server
      async let drained: Void = server.drain(grace: .seconds(60))
      #expect(await self.rest(&events).error?.reason == .serverStopping)
      await drained
    }
  }

  @Test func `a token that is taken back ends the stream before the next event`() async throws {
    try await CallPort.with { port in
      port.upstream.setStatus(.working, named: "s_test")
      var events = try await port.client.watchSession(Self.request).makeAsyncIterator()
      #expect(try await events.next()?.status == .working)
      await port.time.slept(times: 1)
      _ = try await port.tokens.revoke(id: port.tokenID)
      port.upstream.setStatus(.scanQRCode, named: "s_test")
      port.time.advance(by: .seconds(10))
      let outcome = await self.rest(&events)
      #expect(outcome.events.isEmpty)
      #expect(outcome.error?.reason == .tokenRevoked)
    }
  }

  @Test func `linking a phone ends well when it is linked`() async throws {
    try await CallPort.with { port in
      port.upstream.setStatus(.failed, named: "s_test")
      port.upstream.setStartsInto(.starting)
      let number = try #require(PhoneNumber("+1 555 123-4567"))
      var events = try await port.client.linkSession(
        LinkSessionRequest(phoneNumber: number, qrFormat: .text)
      ).makeAsyncIterator()
      #expect(try await events.next()?.status == .starting)
      await port.time.slept(times: 1)
      port.upstream.setStatus(.scanQRCode, named: "s_test")
      port.time.advance(by: .seconds(1))
      let shown = try #require(try await events.next())
      #expect(shown.sessionName == "s_test")
      #expect(shown.qr == "2@first")
      #expect(shown.attempt == 1 && shown.attempts == 6)
      #expect(shown.expiresAt != nil)
      #expect(try await events.next()?.pairingCode == "CODE-0001")
      await port.time.slept(times: 3)
      port.upstream.setStatus(.working, named: "s_test")
      port.time.advance(by: .seconds(1))
      #expect(try await events.next()?.status == .working)
      #expect(try await events.next() == nil)
    }
  }

  @Test func `linking a phone ends badly behind the event that says why`() async throws {
    try await CallPort.with { port in
      var events = try await port.client.linkSession(LinkSessionRequest()).makeAsyncIterator()
      #expect(try await events.next()?.status == .starting)
      await port.time.slept(times: 1)
      port.upstream.setStatus(.failed, named: "s_test")
      port.time.advance(by: .seconds(1))
      #expect(try await events.next()?.status == .failed)
      // Some come up by themselves.
      await port.time.slept(times: 3)
      port.time.advance(by: .seconds(3))
      let outcome = await self.rest(&events)
      #expect(outcome.events.isEmpty)
      #expect(outcome.error?.reason == .linkFailed)
    }
  }

  @Test func `linking a phone has a deadline of its own`() async throws {
    var limits = CallLimits.defaults
    #expect(limits.timeout(of: .linkSession, asked: nil) == .seconds(300))
    #expect(limits.timeout(of: .linkSession, asked: .seconds(301)) == .seconds(300))
    #expect(limits.timeout(of: .linkSession, asked: .seconds(299)) == .seconds(299))
    #expect(limits.timeout(of: .watchSession, asked: nil) == nil)
    #expect(limits.timeout(of: .watchSession, asked: .seconds(301)) == .seconds(301))
    #expect(limits.timeout(of: .getSessionQR, asked: nil) == .seconds(30))
    #expect(limits.timeout(of: .getSessionQR, asked: .seconds(301)) == .seconds(120))
    limits.linkTimeout = .milliseconds(1)
    try await CallPort.with(limits: limits) { port in
      var events = try await port.client.linkSession(LinkSessionRequest()).makeAsyncIterator()
      let error = await self.rest(&events).error
      #expect(error?.reason == .deadlineExceeded)
      #expect(error?.code == .deadlineExceeded)
    }
  }

  @Test func `a stream that its caller drops is watched no longer`() async throws {
    try await CallPort.with { port in
      port.upstream.setStatus(.working, named: "s_test")
      for try await event in try await port.client.watchSession(Self.request) {
        #expect(event.status == .working)
        break
      }
      var naps = 0
      while port.sessions.watchedCount > 0 {
        if port.time.naps.count > naps {
          naps = port.time.naps.count
          port.time.advance(by: .seconds(10))
        }
        await Task.yield()
      }
    }
  }
}
