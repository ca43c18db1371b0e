import AuthService
import Synchronization
import TestKit
import Testing
import UserAPI

/// What is remembered of a token is what it proves by itself, for as long as it proves that.
@Suite(.timeLimit(.minutes(10))) struct CachedIdentityTests {
  private let store = InMemoryTokenStore()
  private let time = ManualTime()
  private let source = ScriptedKeySource()
  private let keys: JWTKeys
  private let first: JWTSigner
  private let second: JWTSigner

  init() async throws {
    self.keys = JWTKeys(source: self.source, time: self.time.source)
    self.first = try await JWTSigner.edDSA()
    self.second = try await JWTSigner.edDSA()
    self.source.serve(JWTSigner.keySet(self.first.jwk(id: "1"), self.second.jwk(id: "2")))
  }

  /// Verifies with the keys, and has the time of claims from elsewhere if that is said.
  private func verifier(_ time: TimeSource? = nil) -> JWTVerifier {
    JWTVerifier(
      keys: self.keys,
      configuration: JWTConfiguration(issuer: "https://id.example.org", audience: "user-api"),
      time: time ?? self.time.source)
  }

  private func jwt(_ signer: JWTSigner, id: String, lifetime: Int64 = 600) throws -> String {
    let end = self.time.wallClock.millisecondsSinceEpoch / 1_000 + lifetime
    return "Bearer "
      + (try signer.token(
        id: id,
        #"{"iss":"https://id.example.org","aud":"user-api","sub":"alice","role":"USER","exp":\#(end)}"#
      ))
  }

  private func reason(_ authenticator: Authenticator, _ header: String) async -> ErrorReason? {
    await failure { () async throws(UserAPIError) in
      try await authenticator.identify(Credentials(authorization: header))
    }?.reason
  }

  // MARK: Beside a certificate

  private static let table: [String: (id: String, scopes: Scopes?)] = [
    "billing": ("billing", nil), "report": ("report", [.actAs, .sessionRead]),
    "crm": ("crm", [.directoryRead]),
  ]
  /// What a user's token allows beside each certificate.
  private static let allowed: [String: Scopes] = [
    "billing": [.sessionRead, .sessionWrite, .directoryRead], "report": .sessionRead,
    "crm": .directoryRead,
  ]

  private func authenticator() -> Authenticator {
    Authenticator(
      store: self.store, jwt: self.verifier(),
      services: ClientServices(requirement: .both, services: Self.table), time: self.time.source)
  }

  private func credentials(_ header: String, on service: String) -> Credentials {
    Credentials(
      authorization: header,
      certificate: ClientCertificate(
        uriNames: [], dnsNames: [service], commonName: nil,
        expiresAt: self.time.wallClock.advanced(by: .seconds(3_600))))
  }

  /// A token of the service's own, and one that somebody else signed.
  private func headers() async throws -> [String] {
    let tokens = TokenAdministration(store: self.store, time: self.time.source)
    let issued = try await tokens.issue(userID: "alice", role: .user, lifetime: nil)
    return ["Bearer " + issued.secret.rawValue, try self.jwt(self.first, id: "1")]
  }

  @Test(arguments: [
    ["report", "billing", "crm", "report"], ["billing", "report", "billing", "crm"],
    ["crm", "billing", "report", "crm"],
  ])
  func `a token that is hot may do on each connection what that one's certificate allows`(
    services: [String]
  ) async throws {
    for header in try await self.headers() {
      let authenticator = self.authenticator()
      for service in services {
        let identity = try await authenticator.identify(self.credentials(header, on: service))
        #expect(identity.id == "alice")
        #expect(identity.scopes == Self.allowed[service], "\(service)")
      }
    }
    #expect(self.store.script.count(.token) == 1)
  }

  @Test(arguments: [
    ["report", "billing", "crm"], ["billing", "crm", "report"], ["crm", "report", "billing"],
  ])
  func `a token that connections bring at once may do on each what its certificate allows`(
    services: [String]
  ) async throws {
    for header in try await self.headers() {
      let authenticator = self.authenticator()
      self.store.script.hold(.token)
      self.source.script.hold(.read)
      let (answers, continuation) = AsyncStream.makeStream(of: (String, Scopes?).self)
      for service in services {
        authenticator.identify(self.credentials(header, on: service)) {
          continuation.yield((service, try? $0.get().scopes))
        }
      }
      if header.hasPrefix("Bearer uapi_") {
        await self.store.script.reached(.token)
      } else {
        await self.source.script.reached(.read)
      }
      self.store.script.release(.token)
      self.source.script.release(.read)
      var got: [String: Scopes] = [:]
      var count = 0
      for await (service, scopes) in answers {
        got[service] = scopes
        count += 1
        if count == services.count { break }
      }
      #expect(got == Self.allowed)
    }
    #expect(self.store.script.count(.token) == 1)
    #expect(self.source.count == 1)
  }

  // MARK: Signed tokens

  @Test func `a JWT is refused at the first call after its key is gone`() async throws {
    let authenticator = Authenticator(
      store: self.store, jwt: self.verifier(), time: self.time.source)
    let (one, two) = (try self.jwt(self.first, id: "1"), try self.jwt(self.second, id: "2"))
    for header in [one, two, one, two] { #expect(await self.reason(authenticator, header) == nil) }
    self.source.serve(JWTSigner.keySet(self.second.jwk(id: "2")))
    try await self.keys.refresh()
    #expect(await self.reason(authenticator, one) == .tokenInvalid)
    #expect(await self.reason(authenticator, two) == nil)
    // A key that comes back is as good as it was.
    self.source.serve(JWTSigner.keySet(self.first.jwk(id: "1"), self.second.jwk(id: "2")))
    try await self.keys.refresh()
    #expect(await self.reason(authenticator, one) == nil)
  }

  @Test func `a JWT is refused at the first call after its key is another`() async throws {
    let authenticator = Authenticator(
      store: self.store, jwt: self.verifier(), time: self.time.source)
    let header = try self.jwt(self.first, id: "1")
    #expect(await self.reason(authenticator, header) == nil)
    self.source.serve(JWTSigner.keySet(self.second.jwk(id: "1")))
    try await self.keys.refresh()
    #expect(await self.reason(authenticator, header) == .tokenInvalid)
  }

  @Test func `a JWT is verified once while it is hot`() async throws {
    // To verify one is to look whether it has expired.
    let verifications = Counter()
    var time = self.time.source
    time.wallClock = { [manual = self.time] in
      verifications.count.add(1, ordering: .relaxed)
      return manual.wallClock
    }
    let authenticator = Authenticator(
      store: self.store, jwt: self.verifier(time), time: self.time.source)
    let (one, two) = (try self.jwt(self.first, id: "1"), try self.jwt(self.second, id: "2"))
    for _ in 0..<100 { #expect(await self.reason(authenticator, one) == nil) }
    #expect(verifications.count.load(ordering: .relaxed) == 1)
    #expect(await self.reason(authenticator, two) == nil)
    #expect(verifications.count.load(ordering: .relaxed) == 2)
    // For how long a token of the store is remembered does not matter.
    self.time.advance(by: .seconds(300))
    for _ in 0..<100 { #expect(await self.reason(authenticator, one) == nil) }
    #expect(verifications.count.load(ordering: .relaxed) == 2)
    // With another set of keys it is verified again, and once.
    self.source.serve(JWTSigner.keySet(self.first.jwk(id: "1")))
    try await self.keys.refresh()
    for _ in 0..<100 { #expect(await self.reason(authenticator, one) == nil) }
    #expect(verifications.count.load(ordering: .relaxed) == 3)
  }

  @Test func `a JWT that is hot expires at its moment`() async throws {
    let authenticator = Authenticator(
      store: self.store, jwt: self.verifier(), time: self.time.source)
    let header = try self.jwt(self.first, id: "1")
    #expect(await self.reason(authenticator, header) == nil)
    self.time.advance(by: .milliseconds(629_999))
    #expect(await self.reason(authenticator, header) == nil)
    self.time.advance(by: .milliseconds(1))
    #expect(await self.reason(authenticator, header) == .tokenExpired)
  }

  private final class Counter: Sendable {
    let count = Atomic(0)
  }
}
