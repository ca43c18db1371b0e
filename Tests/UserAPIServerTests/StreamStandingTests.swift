import AuthService
import NIOCore
import SessionService
import TestKit
import Testing
import UserAPI

@testable import UserAPIClient
@testable import UserAPIServer

/// A stream goes on for no longer than its caller may have it: before each message, and before each
/// sign that the server is there, that is looked at again.
@Suite(.timeLimit(.minutes(10))) struct StreamStandingTests {
  private static let heartbeat = ByteBuffer(string: "{}")
  /// More than come while a test is not looking.
  private static let manyMessages = 5_000

  private static var limits: CallLimits {
    var limits = CallLimits.defaults
    limits.heartbeatInterval = .milliseconds(1)
    return limits
  }

  private func client(_ token: String, _ port: CallPort) throws -> UserAPIClient {
    try UserAPIClient(configuration: UserAPIClient.Configuration(url: port.url, token: token))
  }

  /// Begins to watch the session, or to link it, and reads the first event.
  private func begin(
    _ client: UserAPIClient, _ procedure: Procedure = .watchSession
  ) async throws -> Call {
    var body = ByteBuffer()
    body.writeEnvelope { buffer in
      if procedure == .linkSession {
        LinkSessionRequest(qrFormat: .text).write(to: &buffer)
      } else {
        WatchSessionRequest(sessionName: "s_test", qrFormat: .text).write(to: &buffer)
      }
    }
    let call = try await client.response(
      to: body, path: procedure.path, patience: .silence(.seconds(60)))
    var message = try await call.next()
    while message == Self.heartbeat { message = try await call.next() }
    _ = try SessionEvent(buffer: try #require(message))
    return call
  }

  /// The events that come until the stream ends, and why it does; no error when it does not.
  private func rest(_ call: Call) async -> (events: [ByteBuffer], error: UserAPIError?) {
    var events: [ByteBuffer] = []
    do throws(UserAPIError) {
      var count = 0
      while count < Self.manyMessages, let message = try await call.next() {
        count += 1
        if message != Self.heartbeat { events.append(message) }
      }
      call.giveUp()
      return (events, nil)
    } catch {
      return (events, error)
    }
  }

  private func expectGoesOn(_ call: Call) async throws {
    for _ in 0..<20 { #expect(try await call.next() == Self.heartbeat) }
  }

  // MARK: Certificates

  private static let all = Scopes(words: Scope.allCases.map(\.rawValue))

  /// What the server demands, what the table says once the stream has begun, and why that ends it.
  struct Change: Sendable {
    var requirement = ClientServices.Requirement.either
    /// Whose certificate it is then.
    var id = "billing"
    /// Nil when the certificate is nobody's any more.
    var scopes: Scopes?
    /// Nil when it goes on.
    var reason: ErrorReason?
  }

  @Test(arguments: [
    Change(scopes: [.actAs, .directoryRead], reason: .scopeMissing),
    Change(scopes: [.sessionRead, .sessionWrite, .directoryRead], reason: .scopeMissing),
    // Enough to begin one, and less than it began with.
    Change(scopes: [.actAs, .sessionRead], reason: .scopeMissing),
    Change(scopes: nil, reason: .tokenMissing),
    Change(scopes: Self.all, reason: nil),
    Change(id: "report", scopes: Self.all, reason: .tokenRevoked),
    Change(requirement: .both, scopes: [.actAs, .directoryRead], reason: .scopeMissing),
    Change(requirement: .both, scopes: [.actAs, .sessionRead], reason: .scopeMissing),
    Change(requirement: .both, scopes: nil, reason: .certificateRequired),
    // What the token does not allow is not missed.
    Change(
      requirement: .both, scopes: [.sessionRead, .sessionWrite, .directoryRead], reason: nil),
  ])
  func `a stream ends when the table of certificates allows less than it did`(
    change: Change
  ) async throws {
    try await IdentityFixture.with { fixture in
      try await CallPort.with(
        limits: Self.limits, tls: fixture.tls, services: fixture.services(change.requirement),
        tokenStore: fixture.store, time: fixture.time
      ) { port in
        port.upstream.setStatus(.working, named: "s_test")
        let issued = try await port.tokens.issue(userID: "user-1", role: .user, lifetime: nil)
        let isAlone = change.requirement == .either
        let client = try fixture.client(
          Principal(
            name: "billing", token: isAlone ? nil : issued.secret.rawValue, certificate: "billing",
            actAs: isAlone ? "user-1" : nil,
            outcome: .calls(for: "user-1", who: "service:billing", scopes: Self.all)), port)
        let call = try await self.begin(client)
        try await self.expectGoesOn(call)
        let name = change.scopes == nil ? "else" : "billing"
        port.authenticator.setServices(
          ClientServices(
            requirement: change.requirement,
            services: ["spiffe://example.org/\(name)": (change.id, change.scopes)]))
        if let reason = change.reason {
          let rest = await self.rest(call)
          #expect(rest.error?.reason == reason)
          #expect(rest.events.isEmpty)
        } else {
          try await self.expectGoesOn(call)
          call.giveUp()
        }
        await client.close()
      }
    }
  }

  // MARK: JWTs

  private func withJWT(
    _ body: (
      CallPort, Call, _ showKeys: ([UInt8]) async throws -> Void, _ signer: JWTSigner
    ) async throws -> Void
  ) async throws {
    let (time, source) = (ManualTime(), ScriptedKeySource())
    let signer = try await JWTSigner.edDSA()
    source.serve(JWTSigner.keySet(signer.jwk(id: "key")))
    let keys = JWTKeys(source: source, time: time.source)
    let jwt = JWTVerifier(
      keys: keys,
      configuration: JWTConfiguration(issuer: "https://id.example.org", audience: "user-api"),
      time: time.source)
    let end = time.wallClock.millisecondsSinceEpoch / 1_000 + 600
    let token = try signer.token(
      #"{"iss":"https://id.example.org","aud":"user-api","sub":"user-1","role":"USER","exp":\#(end)}"#
    )
    try await CallPort.with(limits: Self.limits, jwt: jwt, time: time) { port in
      port.upstream.setStatus(.working, named: "s_test")
      let client = try self.client(token, port)
      let call = try await self.begin(client)
      try await self.expectGoesOn(call)
      try await body(
        port, call,
        { document in
          source.serve(document)
          try await keys.refresh()
        }, signer)
      await client.close()
    }
  }

  @Test func `a stream ends when the key of its JWT is gone, and not when another comes`()
    async throws
  {
    let other = try await JWTSigner.edDSA()
    try await self.withJWT { port, call, showKeys, signer in
      try await showKeys(JWTSigner.keySet(signer.jwk(id: "key"), other.jwk(id: "other")))
      try await self.expectGoesOn(call)
      try await showKeys(JWTSigner.keySet(other.jwk(id: "other")))
      let rest = await self.rest(call)
      #expect(rest.error?.reason == .tokenInvalid)
      #expect(rest.events.isEmpty)
    }
  }

  @Test func `a stream ends when its JWT does`() async throws {
    try await self.withJWT { port, call, _, _ in
      // It ends half a minute later than it says, by the leeway.
      port.time.advance(by: .milliseconds(629_999))
      try await self.expectGoesOn(call)
      port.time.advance(by: .milliseconds(1))
      #expect(await self.rest(call).error?.reason == .tokenExpired)
    }
  }

  // MARK: Tokens of the service's own

  @Test(arguments: [Procedure.watchSession, .linkSession])
  func `a stream ends when its token does`(procedure: Procedure) async throws {
    try await CallPort.with(limits: Self.limits) { port in
      port.upstream.setStatus(procedure == .linkSession ? .failed : .working, named: "s_test")
      port.upstream.setStartsInto(.starting)
      let issued = try await port.tokens.issue(
        userID: "user-1", role: .user, lifetime: .milliseconds(100))
      let client = try self.client(issued.secret.rawValue, port)
      let call = try await self.begin(client, procedure)
      port.time.advance(by: .milliseconds(99))
      try await self.expectGoesOn(call)
      port.time.advance(by: .milliseconds(1))
      #expect(await self.rest(call).error?.reason == .tokenExpired)
      await client.close()
    }
  }

  @Test(
    arguments: [
      (.guest, nil, .accountNotApproved), (.user, [], .scopeMissing),
      (.user, [.sessionWrite, .directoryRead], .scopeMissing),
      // Enough to begin one, and less than it began with.
      (.user, .sessionRead, .scopeMissing),
    ] as [(Role, Scopes?, ErrorReason)])
  func `a stream ends when its token allows less than it did`(
    role: Role, scopes: Scopes?, reason: ErrorReason
  ) async throws {
    let store = InMemoryTokenStore()
    try await CallPort.with(limits: Self.limits, tokenStore: store) { port in
      port.upstream.setStatus(.working, named: "s_test")
      let issued = try await port.tokens.issue(userID: "user-1", role: .user, lifetime: nil)
      let client = try self.client(issued.secret.rawValue, port)
      let call = try await self.begin(client)
      try await self.expectGoesOn(call)
      store.change(
        IssuedToken(
          id: issued.token.id, digest: issued.token.digest, userID: "user-1", role: role,
          scopes: scopes, createdAt: issued.token.createdAt, expiresAt: nil))
      port.time.advance(by: .milliseconds(500))
      let rest = await self.rest(call)
      #expect(rest.error?.reason == reason)
      #expect(rest.events.isEmpty)
      await client.close()
    }
  }

  @Test(arguments: [Procedure.watchSession, .linkSession])
  func `a stream with nothing to tell ends as soon as its token is taken back`(
    procedure: Procedure
  ) async throws {
    try await CallPort.with(limits: Self.limits) { port in
      port.upstream.setStatus(procedure == .linkSession ? .failed : .working, named: "s_test")
      port.upstream.setStartsInto(.starting)
      let call = try await self.begin(port.client, procedure)
      try await self.expectGoesOn(call)
      #expect(try await port.tokens.revoke(id: port.tokenID))
      port.time.advance(by: .milliseconds(500))
      let rest = await self.rest(call)
      #expect(rest.error?.reason == .tokenRevoked)
      #expect(rest.events.isEmpty)
    }
  }

  @Test func `a token that is taken back is shown no code while it links a phone`() async throws {
    // Nothing but the message itself has the token looked at.
    try await CallPort.with { port in
      port.upstream.setStatus(.failed, named: "s_test")
      port.upstream.setStartsInto(.starting)
      let call = try await self.begin(port.client, .linkSession)
      await port.time.slept(times: 1)
      #expect(try await port.tokens.revoke(id: port.tokenID))
      port.upstream.setStatus(.scanQRCode, named: "s_test")
      port.time.advance(by: .seconds(1))
      do throws(UserAPIError) {
        let message = try await call.next()
        Issue.record("it goes on: \(message.map { String(buffer: $0) } ?? "to its end")")
        call.giveUp()
      } catch {
        #expect(error.reason == .tokenRevoked)
      }
    }
  }
}
