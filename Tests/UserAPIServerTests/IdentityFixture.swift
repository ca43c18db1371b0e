import AuthService
import Foundation
import TestKit
import Testing
import UserAPI
import UserAPIClient

@testable import UserAPIServer

/// Tokens, keys and certificates of everybody who calls.
struct IdentityFixture: Sendable {
  let store = InMemoryTokenStore()
  let time = ManualTime()
  let tls: TLSSettings
  let jwt: JWTVerifier
  private let tokens: TokenAdministration
  private let ca: String
  private let certificates: [String: CertificateAuthority.Files]
  private let signers: [String: JWTSigner]

  static func with(_ body: (IdentityFixture) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    try await body(IdentityFixture(folder))
  }

  private init(_ folder: URL) async throws {
    let ca = try await CertificateAuthority("ca", in: folder)
    let server = try await ca.issue("server", names: ["DNS:localhost", "IP:127.0.0.1"])
    var certificates: [String: CertificateAuthority.Files] = [:]
    for name in ["billing", "report", "deaf", "nobody"] {
      certificates[name] = try await ca.issue(name, names: ["URI:spiffe://example.org/\(name)"])
    }
    self.ca = ca.certificate
    self.certificates = certificates
    self.tls = try #require(
      try Settings(
        flags: [:],
        environment: [
          "USER_API_TLS_CERT": server.certificate, "USER_API_TLS_KEY": server.key,
          "USER_API_TLS_CLIENT_CA": ca.certificate,
        ]
      ).tls)
    self.tokens = TokenAdministration(store: self.store, time: self.time.source)
    var signers: [String: JWTSigner] = [:]
    for name in ["RS256", "ES256", "EdDSA", "HS256"] { signers[name] = try await .make(name) }
    self.signers = signers
    // A certificate's moments are the machine's, and a JWT's those of the test.
    var keys = JWTKeys.Configuration.defaults
    keys.acceptsSymmetricKeys = true
    self.jwt = JWTVerifier(
      keys: JWTKeys(
        source: ScriptedKeySource(
          JWTSigner.keySet(signers.map { $0.value.jwk(id: $0.key) })),
        time: self.time.source, configuration: keys),
      configuration: JWTConfiguration(issuer: "https://id.example.org", audience: "user-api"),
      time: self.time.source)
  }

  func services(_ requirement: ClientServices.Requirement) -> ClientServices {
    ClientServices(
      requirement: requirement,
      services: [
        "spiffe://example.org/billing": ("billing", nil),
        "spiffe://example.org/report": ("report", [.actAs, .sessionRead]),
        "spiffe://example.org/deaf": ("deaf", [.sessionRead, .sessionWrite]),
      ])
  }

  func client(_ principal: Principal, _ port: CallPort) throws -> UserAPIClient {
    var configuration = UserAPIClient.Configuration(url: port.url, token: principal.token)
    configuration.tls.caFile = self.ca
    if let name = principal.certificate {
      configuration.tls.certificateFile = self.certificates[name]?.certificate
      configuration.tls.keyFile = self.certificates[name]?.key
    }
    configuration.actAs = principal.actAs
    return try UserAPIClient(configuration: configuration)
  }

  // MARK: Who calls

  private static let usual: Scopes = [.sessionRead, .sessionWrite, .directoryRead]

  private func token(_ id: String, _ role: Role, _ scopes: Scopes? = nil) async throws -> String {
    try await self.tokens.issue(userID: id, role: role, scopes: scopes, lifetime: .seconds(3_600))
      .secret.rawValue
  }

  func principals() async throws -> [Principal] {
    let strangers = try await self.withoutStanding()
    return try await strangers + self.withTokens() + self.withCertificates()
      + self.withGoodJWTs() + self.withBadJWTs()
  }

  private func withoutStanding() async throws -> [Principal] {
    let expired = try await self.tokens.issue(
      userID: "user-1", role: .user, scopes: nil, lifetime: .seconds(1)
    ).secret.rawValue
    let revoked = try await self.tokens.issue(
      userID: "user-1", role: .user, scopes: nil, lifetime: nil)
    #expect(try await self.tokens.revoke(id: revoked.token.id))
    self.time.advance(by: .seconds(2))
    return [
      Principal(name: "nobody", outcome: .refused(.tokenMissing)),
      Principal(name: "nobody for user-1", actAs: "user-1", outcome: .refused(.tokenMissing)),
      Principal(name: "a malformed token", token: "x", outcome: .refused(.tokenInvalid)),
      Principal(
        name: "a token never issued", token: TokenSecret.generate().rawValue,
        outcome: .refused(.tokenInvalid)),
      Principal(name: "an expired token", token: expired, outcome: .refused(.tokenExpired)),
      Principal(
        name: "a revoked token", token: revoked.secret.rawValue, outcome: .refused(.tokenRevoked)),
    ]
  }

  private func withTokens() async throws -> [Principal] {
    let all = Scopes(words: Scope.allCases.map(\.rawValue))
    let guest = Principal.Outcome.refused(.accountNotApproved, who: "user:user-1")
    let own = try await self.token("user-1", .user)
    let other = try await self.token("user-2", .user)
    let admin = try await self.token("root", .admin)
    let service = try await self.token("billing", .service)
    // The name of a service is no user's.
    let namesake = try await self.token("user-1", .service)
    let deaf = try await self.token("billing", .service, Self.usual)
    let denied = { Principal.Outcome.refused(.scopeMissing, who: $0) }
    var principals = [
      Principal(name: "a guest", token: try await self.token("user-1", .guest), outcome: guest),
      Principal(
        name: "a guest with scopes", token: try await self.token("user-1", .guest, all),
        actAs: "user-1", outcome: guest),
      Principal(
        name: "the user", token: own,
        outcome: .calls(for: "user-1", who: "user:user-1", scopes: Self.usual)),
      Principal(
        name: "the user for themselves", token: own, actAs: "user-1",
        outcome: denied("user:user-1")),
      Principal(
        name: "another user", token: other,
        outcome: .calls(for: "user-2", who: "user:user-2", scopes: Self.usual)),
      Principal(
        name: "another user for user-1", token: other, actAs: "user-1",
        outcome: denied("user:user-2")),
      Principal(
        name: "another user who may act", token: try await self.token("user-2", .user, all),
        actAs: "user-1", outcome: .calls(for: "user-1", who: "user:user-2", scopes: all)),
      Principal(
        name: "an admin", token: admin,
        outcome: .calls(for: "root", who: "user:root", scopes: Self.usual)),
      Principal(
        name: "an admin for user-1", token: admin, actAs: "user-1", outcome: denied("user:root")),
      Principal(
        name: "a service for user-1", token: service, actAs: "user-1",
        outcome: .calls(for: "user-1", who: "service:billing", scopes: all)),
      Principal(
        name: "a service for user-2", token: service, actAs: "user-2",
        outcome: .calls(for: "user-2", who: "service:billing", scopes: all)),
      Principal(
        name: "a service for nobody", token: service,
        outcome: .refused(.invalidActAs, who: "service:billing")),
      Principal(
        name: "a service called user-1", token: namesake,
        outcome: .refused(.invalidActAs, who: "service:user-1")),
      Principal(
        name: "a service called user-1, for user-2", token: namesake, actAs: "user-2",
        outcome: .calls(for: "user-2", who: "service:user-1", scopes: all)),
      Principal(
        name: "a service without act-as, for user-1", token: deaf, actAs: "user-1",
        outcome: denied("service:billing")),
      Principal(
        name: "a service without act-as", token: deaf, outcome: denied("service:billing")),
      Principal(
        name: "a service that reads, for user-1",
        token: try await self.token("billing", .service, [.actAs, .sessionRead]), actAs: "user-1",
        outcome: .calls(for: "user-1", who: "service:billing", scopes: .sessionRead)),
    ]
    for scopes: Scopes in [[], .sessionRead, .sessionWrite, .directoryRead, .actAs] {
      principals.append(
        Principal(
          name: "the user with \(scopes.words)",
          token: try await self.token("user-1", .user, scopes),
          outcome: .calls(for: "user-1", who: "user:user-1", scopes: scopes)))
    }
    return principals
  }

  private func withCertificates() async throws -> [Principal] {
    let all = Scopes(words: Scope.allCases.map(\.rawValue))
    let own = try await self.token("user-1", .user)
    let service = try await self.token("app", .service)
    return [
      Principal(
        name: "a known certificate for user-1", certificate: "billing", actAs: "user-1",
        outcome: .calls(for: "user-1", who: "service:billing", scopes: all)),
      Principal(
        name: "a known certificate for user-2", certificate: "billing", actAs: "user-2",
        outcome: .calls(for: "user-2", who: "service:billing", scopes: all)),
      Principal(
        name: "a known certificate for nobody", certificate: "billing",
        outcome: .refused(.invalidActAs, who: "service:billing")),
      Principal(
        name: "a certificate that reads, for user-1", certificate: "report", actAs: "user-1",
        outcome: .calls(for: "user-1", who: "service:report", scopes: .sessionRead)),
      Principal(
        name: "a certificate without act-as, for user-1", certificate: "deaf", actAs: "user-1",
        outcome: .refused(.scopeMissing, who: "service:deaf")),
      Principal(
        name: "an unknown certificate for user-1", certificate: "nobody", actAs: "user-1",
        outcome: .refused(.tokenMissing)),
      Principal(
        name: "an unknown certificate and the user's token", token: own, certificate: "nobody",
        outcome: .calls(for: "user-1", who: "user:user-1", scopes: Self.usual)),
      Principal(
        name: "a known certificate and the user's token", token: own, certificate: "billing",
        outcome: .calls(for: "user-1", who: "user:user-1", scopes: Self.usual)),
      Principal(
        name: "a known certificate and a user's token, for another", token: own,
        certificate: "billing", actAs: "user-2",
        outcome: .refused(.scopeMissing, who: "user:user-1")),
      Principal(
        name: "a known certificate and a bad token", token: "x", certificate: "billing",
        actAs: "user-1", outcome: .refused(.tokenInvalid)),
      Principal(
        name: "a known certificate where tokens count", certificate: "billing", actAs: "user-1",
        requirement: .token, outcome: .refused(.tokenMissing)),
      Principal(
        name: "a token alone where both count", token: own, requirement: .both,
        outcome: .refused(.certificateRequired)),
      Principal(
        name: "an unknown certificate where both count", token: own, certificate: "nobody",
        requirement: .both, outcome: .refused(.certificateRequired)),
      Principal(
        name: "a certificate alone where both count", certificate: "billing", actAs: "user-1",
        requirement: .both, outcome: .refused(.tokenMissing)),
      Principal(
        name: "the user's token on a service's connection", token: own, certificate: "billing",
        requirement: .both,
        outcome: .calls(for: "user-1", who: "user:user-1", scopes: Self.usual)),
      Principal(
        name: "the user's token on the connection of one that reads", token: own,
        certificate: "report", requirement: .both,
        outcome: .calls(for: "user-1", who: "user:user-1", scopes: .sessionRead)),
      Principal(
        name: "a service's token on the connection of one that reads", token: service,
        certificate: "report", actAs: "user-1", requirement: .both,
        outcome: .calls(for: "user-1", who: "service:app", scopes: .sessionRead)),
      Principal(
        name: "a service's token on the connection of one that may not act", token: service,
        certificate: "deaf", actAs: "user-1", requirement: .both,
        outcome: .refused(.scopeMissing, who: "service:app")),
    ]
  }

  // MARK: Signed tokens

  /// A payload, with other members in the place of its own; nil leaves one out.
  private func payload(_ changes: [String: String?] = [:]) -> String {
    let now = self.time.wallClock.millisecondsSinceEpoch / 1_000
    var members: [String: String] = [
      "iss": #""https://id.example.org""#, "aud": #"["other","user-api"]"#,
      "sub": #""user-1""#, "exp": "\(now + 600)", "role": #""USER""#,
    ]
    for (name, value) in changes { members[name] = value }
    return "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
  }

  private func jwt(_ changes: [String: String?] = [:], by name: String = "ES256") throws -> String {
    try #require(self.signers[name]).token(id: name, self.payload(changes))
  }

  private func withGoodJWTs() async throws -> [Principal] {
    let all = Scopes(words: Scope.allCases.map(\.rawValue))
    let user = Principal.Outcome.calls(for: "user-1", who: "user:user-1", scopes: Self.usual)
    var principals = try self.signers.keys.sorted().map { name in
      Principal(name: "a JWT by \(name)", token: try self.jwt(by: name), outcome: user)
    }
    principals += [
      Principal(
        name: "another's JWT", token: try self.jwt(["sub": #""user-2""#]),
        outcome: .calls(for: "user-2", who: "user:user-2", scopes: Self.usual)),
      Principal(
        name: "another's JWT for user-1", token: try self.jwt(["sub": #""user-2""#]),
        actAs: "user-1", outcome: .refused(.scopeMissing, who: "user:user-2")),
      Principal(
        name: "a guest's JWT", token: try self.jwt(["role": #""guest""#]),
        outcome: .refused(.accountNotApproved, who: "user:user-1")),
      Principal(
        name: "a JWT without a role", token: try self.jwt(["role": nil]),
        outcome: .refused(.accountNotApproved, who: "user:user-1")),
      Principal(
        name: "a JWT with a scope", token: try self.jwt(["scope": #""openid session:read""#]),
        outcome: .calls(for: "user-1", who: "user:user-1", scopes: .sessionRead)),
      Principal(
        name: "a JWT with others' scopes", token: try self.jwt(["scope": #""openid""#]),
        outcome: .calls(for: "user-1", who: "user:user-1", scopes: [])),
      Principal(
        name: "a service's JWT for user-1",
        token: try self.jwt(["sub": #""billing""#, "role": #"["x","SERVICE"]"#]), actAs: "user-1",
        outcome: .calls(for: "user-1", who: "service:billing", scopes: all)),
      Principal(
        name: "the JWT of a service called user-1",
        token: try self.jwt(["role": #""SERVICE""#]),
        outcome: .refused(.invalidActAs, who: "service:user-1")),
    ]
    return principals
  }

  private func withBadJWTs() async throws -> [Principal] {
    let now = self.time.wallClock.millisecondsSinceEpoch / 1_000
    let good = try self.jwt()
    let parts = good.split(separator: ".").map(String.init)
    let es256 = try #require(self.signers["ES256"])
    let rs256 = try #require(self.signers["RS256"])
    // The public key, as everybody has it, for the secret.
    let confused = try await JWTSigner.hs256(secret: Array(rs256.jwk.utf8))
    let stranger = try await JWTSigner.es256()
    let none = JWTSigner.base64URL(#"{"alg":"none"}"#.utf8)
    let texts: [(String, String)] = [
      ("alg none", "\(none).\(parts[1])."),
      ("alg none and a signature", "\(none).\(parts[1]).\(parts[2])"),
      ("two parts", "\(parts[0]).\(parts[1])"),
      ("another payload", "\(parts[0]).\(JWTSigner.base64URL(self.payload().utf8)).\(parts[2])x"),
      ("no signature", "\(parts[0]).\(parts[1])."),
      (
        "the public key as a secret",
        try confused.token(
          header: #"{"alg":"HS256","kid":"RS256"}"#, payload: self.payload())
      ),
      (
        "another algorithm than the key's",
        try es256.token(header: #"{"alg":"RS256","kid":"ES256"}"#, payload: self.payload())
      ),
      ("another's key of the name", try stranger.token(id: "ES256", self.payload())),
      ("an unknown key", try stranger.token(id: "other", self.payload())),
      (
        "crit",
        try es256.token(
          header: #"{"alg":"ES256","kid":"ES256","crit":["exp"]}"#, payload: self.payload())
      ),
      ("another issuer", try self.jwt(["iss": #""https://id.example.org/""#])),
      ("no issuer", try self.jwt(["iss": nil])),
      ("another audience", try self.jwt(["aud": #""other""#])),
      ("no audience", try self.jwt(["aud": nil])),
      ("no end", try self.jwt(["exp": nil])),
      ("an end that is no number", try self.jwt(["exp": #""\#(now + 600)""#])),
      ("a beginning to come", try self.jwt(["nbf": "\(now + 60)"])),
      ("no subject", try self.jwt(["sub": nil])),
      ("a subject that is no name", try self.jwt(["sub": #""user 1""#])),
      ("a role that is none", try self.jwt(["role": #""ROOT""#])),
      ("too long", try self.jwt(["x": "\"\(String(repeating: "x", count: 8_192))\""])),
    ]
    return texts.map { name, token in
      Principal(name: "a JWT with \(name)", token: token, outcome: .refused(.tokenInvalid))
    } + [
      Principal(
        name: "an expired JWT", token: try self.jwt(["exp": "\(now - 60)"]),
        outcome: .refused(.tokenExpired))
    ]
  }
}

extension AdmissionLimits {
  /// Nobody is counted.
  static var none: Self {
    var limits = Self()
    (limits.reads, limits.writes, limits.lists, limits.failures) = (nil, nil, nil, nil)
    return limits
  }
}
