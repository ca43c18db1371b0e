import AuthService
import SessionService
import TestKit
import Testing
import UserAPI

@testable import UserAPIServer

/// A proxy in front of many users carries all their calls on one connection.
@Suite(.timeLimit(.minutes(10))) struct SharedConnectionTests {
  /// Runs `body` with the headers of `user-1` and `user-2`, of each a token of the service's own and
  /// a JWT. Those of one kind are equally long.
  private func withHeaders(
    _ body: (CallPort, _ headers: [(user: String, authorization: String)]) async throws -> Void
  ) async throws {
    let time = ManualTime()
    let signer = try await JWTSigner.edDSA()
    let jwt = JWTVerifier(
      keys: JWTKeys(
        source: ScriptedKeySource(JWTSigner.keySet(signer.jwk(id: "key"))), time: time.source),
      configuration: JWTConfiguration(issuer: "https://id.example.org", audience: "user-api"),
      time: time.source)
    let end = time.wallClock.millisecondsSinceEpoch / 1_000 + 600
    try await CallPort.with(jwt: jwt, time: time) { port in
      port.store.setRecord(.sample(name: "s_other", userID: "user-2"))
      for name in ["s_test", "s_other"] { port.upstream.setStatus(.working, named: name) }
      var headers: [(user: String, authorization: String)] = []
      for user in ["user-1", "user-2"] {
        let issued = try await port.tokens.issue(userID: user, role: .user, lifetime: nil)
        headers.append((user, "Bearer " + issued.secret.rawValue))
      }
      for user in ["user-1", "user-2"] {
        let payload =
          #"{"iss":"https://id.example.org","aud":"user-api","sub":"\#(user)","role":"USER","exp":\#(end)}"#
        headers.append((user, "Bearer " + (try signer.token(payload))))
      }
      let lengths = headers.map(\.authorization.utf8.count)
      #expect(lengths[0] == lengths[1] && lengths[2] == lengths[3])
      try await body(port, headers)
    }
  }

  /// Asks for the caller's session, how it is, and how the other's is.
  private func check(
    _ connection: RawConnection, _ header: (user: String, authorization: String)
  ) async throws {
    let answer = try await connection.call(
      .getWhatsAppSession, authorization: header.authorization)
    #expect(answer.status == "200")
    #expect(answer.body.contains(#""userId":"\#(header.user)""#), "\(answer.body)")
    for (name, owner) in [("s_test", "user-1"), ("s_other", "user-2")] {
      let status = try await connection.call(
        .getSessionStatus, #"{"sessionName":"\#(name)"}"#, authorization: header.authorization)
      #expect(status.status == (owner == header.user ? "200" : "404"), "\(status.body)")
    }
  }

  @Test func `users whose tokens alternate on one connection get each their own session`()
    async throws
  {
    try await self.withHeaders { port, headers in
      try await RawConnection.with(port.url) { connection in
        for _ in 0..<15 {
          for header in headers { try await self.check(connection, header) }
        }
        #expect(port.server.connectionCount == 1)
      }
      let refusals = Set(port.audit.lines.map { $0.metadata["outcome"] })
      #expect(refusals == ["SESSION_NOT_FOUND"])
    }
  }

  @Test func `answers that differ in anything are told apart on one connection`() async throws {
    try await self.withHeaders { port, headers in
      port.upstream.setStatus(.scanQRCode, named: "s_other")
      try await RawConnection.with(port.url) { connection in
        for round in 0..<4 {
          for (header, name, status) in [
            (headers[0], "s_test", "WORKING"), (headers[1], "s_other", "SCAN_QR_CODE"),
          ] {
            let message = #"{"sessionName":"\#(name)"}"#
            for type in [ContentType.json, .connect, .userAPI, .json] {
              // The flags and the length of an envelope.
              let prefix =
                type.isFramed ? "\0\0\0\0" + String(UnicodeScalar(UInt8(message.utf8.count))) : ""
              let answer = try await connection.call(
                .getSessionStatus, prefix + message, authorization: header.authorization,
                contentType: type)
              #expect(answer.status == "200")
              #expect(answer.body.contains(#"{"status":"\#(status)""#), "\(round) \(answer.body)")
              #expect(answer.body.hasPrefix("{") == !type.isFramed)
              #expect(answer.body.hasSuffix("{}") == type.isFramed)
            }
          }
        }
      }
    }
  }

  @Test func `users who call at once on one connection get each their own session`() async throws {
    try await self.withHeaders { port, headers in
      try await RawConnection.with(port.url) { connection in
        for _ in 0..<5 {
          try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 {
              for header in headers { group.addTask { try await self.check(connection, header) } }
            }
            try await group.waitForAll()
          }
          // What was looked up is looked up again.
          port.time.advance(by: .milliseconds(500))
        }
        #expect(port.server.connectionCount == 1)
      }
      let refusals = Set(port.audit.lines.map { $0.metadata["outcome"] })
      #expect(refusals == ["SESSION_NOT_FOUND"])
    }
  }

  @Test func `a call without a token is nobody's, whoever called on the connection before`()
    async throws
  {
    try await self.withHeaders { port, headers in
      try await RawConnection.with(port.url) { connection in
        for header in headers {
          try await self.check(connection, header)
          let nobody = try await connection.call(.getWhatsAppSession, authorization: nil)
          #expect(nobody.body.contains("TOKEN_MISSING"), "\(nobody.body)")
          // As long, and nobody's.
          let madeUp = header.authorization.dropLast(8) + "00000000"
          let stranger = try await connection.call(
            .getWhatsAppSession, authorization: String(madeUp))
          #expect(stranger.body.contains("TOKEN_INVALID"), "\(stranger.body)")
        }
      }
    }
  }
}
