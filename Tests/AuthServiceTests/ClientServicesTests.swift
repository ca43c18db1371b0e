import AuthService
import TestKit
import Testing
import UserAPI

/// Whose a certificate is, and what that is worth beside a token.
@Suite(.timeLimit(.minutes(10))) struct ClientServicesTests {
  private let store = InMemoryTokenStore()
  private let time = ManualTime()
  private static let table: [String: (id: String, scopes: Scopes?)] = [
    "spiffe://example.org/billing": ("billing", nil),
    "spiffe://example.org/report": ("report", [.actAs, .sessionRead]),
    "crm.internal": ("crm", [.sessionRead]),
  ]

  private func certificate(
    _ uriNames: [String] = [], dns: [String] = [], commonName: String? = nil,
    expiresIn seconds: Int64 = 3_600
  ) -> ClientCertificate {
    ClientCertificate(
      uriNames: uriNames, dnsNames: dns, commonName: commonName,
      expiresAt: Timestamp(
        millisecondsSinceEpoch: self.time.wallClock.millisecondsSinceEpoch + seconds * 1_000))
  }

  private func authenticator(_ requirement: ClientServices.Requirement) -> Authenticator {
    Authenticator(
      store: self.store,
      services: ClientServices(requirement: requirement, services: Self.table),
      time: self.time.source)
  }

  private func token(_ role: Role, _ id: String = "alice") async throws -> String {
    let tokens = TokenAdministration(store: self.store, time: self.time.source)
    return "Bearer "
      + (try await tokens.issue(userID: id, role: role, lifetime: nil)).secret.rawValue
  }

  /// Who it is, as `id(scopes)`, or the reason why nobody.
  private func outcome(
    _ authenticator: Authenticator, _ authorization: String?, _ certificate: ClientCertificate?
  ) async -> String {
    let credentials = Credentials(authorization: authorization, certificate: certificate)
    do throws(UserAPIError) {
      let identity = try await authenticator.identify(credentials)
      // Once found out, it is known.
      #expect((try? authenticator.knownResult(credentials)?.get())?.logName == identity.logName)
      return "\(identity.logName)(\(identity.scopes.words.joined(separator: " ")))"
    } catch {
      return error.reason.rawValue
    }
  }

  private let all = "session:read session:write directory:read act-as"

  @Test func `with tokens alone a certificate proves nothing`() async throws {
    let certificate = self.certificate(["spiffe://example.org/billing"])
    for authenticator in [
      self.authenticator(.token), Authenticator(store: self.store, time: self.time.source),
    ] {
      #expect(await self.outcome(authenticator, nil, certificate) == "TOKEN_MISSING")
      let alice = try await self.token(.user)
      #expect(
        await self.outcome(authenticator, alice, certificate)
          == "user:alice(session:read session:write directory:read)")
    }
  }

  @Test func `without a token a certificate says which service calls`() async throws {
    let either = self.authenticator(.either)
    let billing = self.certificate(["spiffe://example.org/billing"])
    #expect(await self.outcome(either, nil, billing) == "service:billing(\(self.all))")
    #expect(
      await self.outcome(either, nil, self.certificate(dns: ["crm.internal"]))
        == "service:crm(session:read)")
    #expect(await self.outcome(either, nil, nil) == "TOKEN_MISSING")
    #expect(self.store.script.steps.isEmpty)
  }

  @Test func `a certificate that is nobody's proves nothing`() async throws {
    let either = self.authenticator(.either)
    for certificate in [
      self.certificate(["spiffe://example.org/billing/x"]),
      self.certificate(["SPIFFE://example.org/billing"]),
      self.certificate(dns: ["x.crm.internal"]), self.certificate(commonName: "crm.internal"),
      // A name counts as what it is.
      self.certificate(dns: ["spiffe://example.org/nobody"]),
    ] {
      #expect(await self.outcome(either, nil, certificate) == "TOKEN_MISSING")
    }
  }

  @Test func `the first name that is in the table counts, and URIs before DNS names`() async throws
  {
    let either = self.authenticator(.either)
    let both = self.certificate(
      [
        "spiffe://example.org/nobody", "spiffe://example.org/report",
        "spiffe://example.org/billing",
      ],
      dns: ["crm.internal"])
    #expect(await self.outcome(either, nil, both) == "service:report(session:read act-as)")
  }

  @Test func `a token decides alone where there is one`() async throws {
    let either = self.authenticator(.either)
    let billing = self.certificate(["spiffe://example.org/billing"])
    #expect(
      await self.outcome(either, try await self.token(.user), billing)
        == "user:alice(session:read session:write directory:read)")
    // A bad one is not made good.
    #expect(await self.outcome(either, "Bearer x", billing) == "TOKEN_INVALID")
    for authorization in ["", "Bearer", "Basic x", "Bearer \u{E9}"] {
      #expect(await self.outcome(either, authorization, billing) == "TOKEN_MISSING")
    }
    #expect(
      await self.outcome(either, "Bearer " + TokenSecret.generate().rawValue, billing)
        == "TOKEN_INVALID")
  }

  @Test func `where both are required the call may do what both allow`() async throws {
    let both = self.authenticator(.both)
    let report = self.certificate(["spiffe://example.org/report"])
    let (alice, service) = (try await self.token(.user), try await self.token(.service, "app"))
    #expect(await self.outcome(both, alice, report) == "user:alice(session:read)")
    #expect(await self.outcome(both, service, report) == "service:app(session:read act-as)")
    #expect(await self.outcome(both, nil, report) == "TOKEN_MISSING")
    #expect(await self.outcome(both, "Bearer x", report) == "TOKEN_INVALID")
    for certificate in [nil, self.certificate(["spiffe://example.org/nobody"])] {
      #expect(await self.outcome(both, alice, certificate) == "CERTIFICATE_REQUIRED")
    }
  }

  @Test func `a certificate that has ended proves nothing on a connection that goes on`()
    async throws
  {
    let certificate = self.certificate(["spiffe://example.org/billing"], expiresIn: 60)
    let (either, both) = (self.authenticator(.either), self.authenticator(.both))
    let alice = try await self.token(.user)
    self.time.advance(by: .seconds(60))
    #expect(await self.outcome(either, nil, certificate) == "service:billing(\(self.all))")
    self.time.advance(by: .milliseconds(1))
    #expect(await self.outcome(either, nil, certificate) == "TOKEN_MISSING")
    #expect(await self.outcome(both, alice, certificate) == "CERTIFICATE_REQUIRED")
  }

  @Test func `the next call knows of another table`() async throws {
    let either = self.authenticator(.either)
    let billing = self.certificate(["spiffe://example.org/billing"])
    #expect(await self.outcome(either, nil, billing) == "service:billing(\(self.all))")
    either.setServices(
      ClientServices(
        requirement: .either,
        services: ["spiffe://example.org/billing": ("billing", [.actAs, .directoryRead])]))
    #expect(await self.outcome(either, nil, billing) == "service:billing(directory:read act-as)")
    either.setServices(.none)
    #expect(await self.outcome(either, nil, billing) == "TOKEN_MISSING")
  }
}
