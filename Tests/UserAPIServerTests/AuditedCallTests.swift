import AuthService
import HTTP2
import SessionService
import TestKit
import Testing
import UserAPI
import UserAPIClient

@testable import UserAPIServer

/// What calls leave in the audit log, from the socket on.
@Suite(.timeLimit(.minutes(10))) struct AuditedCallTests {
  @Test func `addresses that make tokens up are told apart`() async throws {
    var limits = AdmissionLimits.defaults
    limits.failures = RateLimit(burst: 1, perSecond: 1)
    try await CallPort.with(admissionLimits: limits) { port in
      let addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
      for address in addresses {
        try await RawConnection.with(port.url, from: address) { connection in
          for reason in ["TOKEN_INVALID", "RATE_LIMITED", "RATE_LIMITED"] {
            let answer = try await connection.call(
              .getWhatsAppSession, authorization: "Bearer uapi_made-up")
            #expect(answer.body.contains(reason), "\(address): \(answer.body)")
          }
        }
      }
      let limited = port.audit.lines.filter { $0["outcome"] == "RATE_LIMITED" }
      #expect(limited.map { $0["address"] } == addresses.flatMap { [$0, $0] })
      #expect(limited.allSatisfy { $0["who"] == "nobody" })
    }
  }

  private static let addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]

  private func callWithoutToken(_ connection: RawConnection) async throws {
    let answer = try await connection.call(.getWhatsAppSession, authorization: nil)
    #expect(answer.body.contains("TOKEN_MISSING"), "\(answer.body)")
  }

  @Test func `refusals of one address keep no other address out of the log`() async throws {
    try await CallPort.with { port in
      for address in Self.addresses {
        try await RawConnection.with(port.url, from: address) { connection in
          for _ in 0..<13 { try await self.callWithoutToken(connection) }
        }
      }
      port.auditLog.flush()
      let lines = port.audit.lines
      // Ten each, and one for the other three.
      #expect(lines.count == 33)
      for address in Self.addresses {
        let own = lines.filter { $0["address"] == address }
        #expect(own.count == 11, "\(address)")
        #expect(own.compactMap { $0["count"] } == ["3"], "\(address)")
      }
    }
  }

  @Test(arguments: ["nobody", "billing"])
  func `a call with a token says which certificate its connection has`(name: String) async throws {
    try await IdentityFixture.with { fixture in
      try await CallPort.with(
        tls: fixture.tls, services: fixture.services(.either), tokenStore: fixture.store,
        time: fixture.time
      ) { port in
        port.upstream.setStatus(.working, named: "s_test")
        let issued = try await port.tokens.issue(userID: "user-1", role: .user, lifetime: nil)
        let client = try fixture.client(
          Principal(
            name: "the user", token: issued.secret.rawValue, certificate: name,
            outcome: .calls(for: "user-1", who: "user:user-1", scopes: [])), port)
        _ = try await client.restartSession(SessionRequest(sessionName: "s_test"))
        await #expect(throws: UserAPIError.self) {
          try await client.restartSession(SessionRequest(sessionName: "s_other"))
        }
        #expect(port.audit.lines.map { $0["outcome"] } == ["ok", "SESSION_NOT_FOUND"])
        for line in port.audit.lines {
          #expect(line["certificate"] == "spiffe://example.org/\(name)")
          #expect(line["proof"] == "token \(issued.token.id)")
        }
        await client.close()
      }
    }
  }
}
