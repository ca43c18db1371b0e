import Foundation
import Testing

/// Every procedure, by every kind of caller.
@Suite struct OwnershipTests {
  /// The procedures that name a session, with the session's name or id to fill in.
  private static let named = [
    ("getSessionStatus", #"{"sessionName":"NAME"}"#),
    ("getSessionQR", #"{"sessionName":"NAME"}"#),
    ("restartSession", #"{"sessionName":"NAME"}"#),
    ("updateSessionPhone", #"{"id":"ID","phoneNumber":"+12345678900"}"#),
    ("logoutSession", #"{"sessionName":"NAME"}"#),
    ("getWhatsAppGroups", #"{"sessionName":"NAME"}"#),
    ("getWhatsAppContacts", #"{"sessionName":"NAME"}"#),
  ]
  private static let unnamed = ["getWhatsAppSession", "initiateWhatsAppSession"]

  @Test func `another's session is as one that does not exist, and WAHA hears nothing`()
    async throws
  {
    try await Deployment.with { deployment in
      let alice = try await deployment.token(user: "alice").secret
      let mallory = try await deployment.token(user: "mallory").secret
      let admin = try await deployment.token(user: "root", role: "ADMIN").secret
      let initiated = try await deployment.call("initiateWhatsAppSession", token: alice)
      let name = try #require(initiated.json["sessionName"]?.text)
      let id = try #require(initiated.json["id"]?.text)
      let own = try await deployment.initiate(token: mallory)
      #expect(own != name)
      let callsBefore = try await deployment.upstreamCalls()

      for token in [mallory, admin] {
        for (procedure, message) in Self.named {
          let theirs = try await deployment.call(
            procedure,
            message.replacingOccurrences(of: "NAME", with: name)
              .replacingOccurrences(of: "ID", with: id), token: token)
          let nobodys = try await deployment.call(
            procedure,
            message.replacingOccurrences(of: "NAME", with: "s_none")
              .replacingOccurrences(of: "ID", with: "none"), token: token)
          #expect(theirs.status == 404, "\(procedure): \(theirs.body)")
          #expect(theirs.reason == "SESSION_NOT_FOUND")
          #expect(theirs.bodyWithoutRequestID == nobodys.bodyWithoutRequestID)
        }
        for name in ["../server", "server/environment?all=true#", "%2e%2e", ""] {
          let answer = try await deployment.call(
            "restartSession", #"{"sessionName":"\#(name)"}"#, token: token)
          #expect(answer.reason == "SESSION_NOT_FOUND")
        }
      }
      #expect(try await deployment.upstreamCalls() == callsBefore)

      let shown = try await deployment.call("getWhatsAppSession", token: mallory)
      #expect(shown.body == "null" || shown.json["sessionName"]?.text == own)
      #expect(try await deployment.initiate(token: mallory) == own)
    }
  }

  @Test func `users whose ids only look alike are two users`() async throws {
    try await Deployment.with { deployment in
      let composed = try await deployment.token(user: "jos\u{E9}").secret
      let decomposed = try await deployment.token(user: "jose\u{301}").secret
      let name = try await deployment.initiate(token: composed)
      let answer = try await deployment.call(
        "getSessionStatus", #"{"sessionName":"\#(name)"}"#, token: decomposed)
      #expect(answer.reason == "SESSION_NOT_FOUND", "\(answer.body)")
      #expect(try await deployment.initiate(token: decomposed) != name)
    }
  }

  @Test func `who has no valid token gets nothing`() async throws {
    try await Deployment.with { deployment in
      let alice = try await deployment.token(user: "alice").secret
      let guest = try await deployment.token(user: "alice", role: "GUEST").secret
      let expired = try await deployment.token(user: "alice", expires: "1ms").secret
      let revoked = try await deployment.token(user: "alice")
      try await deployment.revoke(revoked.id)
      let initiated = try await deployment.call("initiateWhatsAppSession", token: alice)
      let name = try #require(initiated.json["sessionName"]?.text)
      let id = try #require(initiated.json["id"]?.text)
      let callsBefore = try await deployment.upstreamCalls()

      let callers: [(String?, Int, String)] = [
        (nil, 401, "TOKEN_MISSING"), ("nonsense", 401, "TOKEN_INVALID"),
        ("uapi_" + String(repeating: "0", count: 48), 401, "TOKEN_INVALID"),
        (expired, 401, "TOKEN_EXPIRED"), (revoked.secret, 401, "TOKEN_REVOKED"),
        (guest, 403, "ACCOUNT_NOT_APPROVED"),
      ]
      for (token, status, reason) in callers {
        for (procedure, message) in Self.named + Self.unnamed.map({ ($0, "{}") }) {
          let answer = try await deployment.call(
            procedure,
            message.replacingOccurrences(of: "NAME", with: name)
              .replacingOccurrences(of: "ID", with: id), token: token)
          #expect(answer.status == status, "\(procedure): \(answer.body)")
          #expect(answer.reason == reason, "\(procedure): \(answer.body)")
          #expect(answer.headers.contains("www-authenticate: Bearer") == (status == 401))
        }
      }
      let answer = try await deployment.call("getWhatsAppSession", token: guest)
      #expect(answer.json["message"]?.text == "Your account is not yet approved")
      #expect(try await deployment.upstreamCalls() == callsBefore)
    }
  }

  @Test func `a revoked token is refused within a second`() async throws {
    try await Deployment.with { deployment in
      let token = try await deployment.token(user: "alice")
      #expect(try await deployment.call("getWhatsAppSession", token: token.secret).status == 200)
      try await deployment.revoke(token.id)
      let revoked = ContinuousClock.now
      let deployment = deployment
      try await eventually("the token is refused") {
        // How long the call itself takes says more of the machine than of the server.
        let begun = ContinuousClock.now
        let answer = try await deployment.call("getWhatsAppSession", token: token.secret)
        #expect(answer.status == 401 || begun - revoked < .seconds(1))
        return answer.status == 401
      }
    }
  }
}
