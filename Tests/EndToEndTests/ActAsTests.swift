import Foundation
import TestKit
import Testing

/// Services that call for users, what is written down of it, and callers who call too often.
@Suite struct ActAsTests {
  /// The lines of the audit log, by field.
  private func audit(_ deployment: Deployment) -> [[String: String]] {
    deployment.server.output.split(separator: "\n").compactMap { line in
      guard case .object(let object) = JSON(String(line)),
        object["logger"]?.text == "user-api-audit"
      else { return nil }
      return object.compactMapValues(\.text)
    }
  }

  @Test func `a service's call for a user is the user's, and both are written down`() async throws {
    try await Deployment.with(isSpread: false) { deployment in
      let alice = try await deployment.token(user: "alice").secret
      let service = try await deployment.token(user: "billing", role: "SERVICE")
      let acting = ["user-api-act-as: alice"]
      let initiated = try await deployment.call(
        "initiateWhatsAppSession", token: service.secret, headers: acting)
      #expect(initiated.status == 200, "\(initiated.body)")
      let name = try #require(initiated.json["sessionName"]?.text)
      let id = try #require(initiated.json["id"]?.text)
      #expect(try await deployment.initiate(token: alice) == name)

      let phone = #"{"id":"\#(id)","phoneNumber":"+15557654321"}"#
      let stored = try await deployment.call(
        "updateSessionPhone", phone, token: service.secret, headers: acting)
      #expect(stored.status == 200, "\(stored.body)")
      let bob = try await deployment.call(
        "updateSessionPhone", phone, token: service.secret, headers: ["user-api-act-as: bob"])
      #expect(bob.reason == "SESSION_NOT_FOUND")
      let nobody = try await deployment.call("logoutSession", phone, token: service.secret)
      #expect(nobody.reason == "INVALID_ACT_AS")
      let twice = try await deployment.call(
        "getWhatsAppSession", token: service.secret, headers: acting + acting)
      #expect(twice.reason == "INVALID_ACT_AS")
      let user = try await deployment.call("getWhatsAppSession", token: alice, headers: acting)
      #expect(user.reason == "SCOPE_MISSING")
      let made = try await deployment.call("getWhatsAppSession", token: "uapi_made-up")
      #expect(made.reason == "TOKEN_INVALID")

      // Logs are written by a thread of their own.
      _ = try await deployment.server.line { line in
        line.contains("user-api-audit") && line.contains("TOKEN_INVALID")
      }
      let lines = self.audit(deployment)
      let summaries = lines.map { line in
        [line["message"], line["who"], line["for"], line["procedure"], line["outcome"]]
          .map { $0 ?? "-" }.joined(separator: " ")
      }
      #expect(
        summaries == [
          "change service:billing user:alice initiateWhatsAppSession ok",
          "change user:alice user:alice initiateWhatsAppSession ok",
          "change service:billing user:alice updateSessionPhone ok",
          "refused service:billing user:bob updateSessionPhone SESSION_NOT_FOUND",
          "refused service:billing - logoutSession INVALID_ACT_AS",
          "refused service:billing - getWhatsAppSession INVALID_ACT_AS",
          "refused user:alice - getWhatsAppSession SCOPE_MISSING",
          "refused nobody - getWhatsAppSession TOKEN_INVALID",
        ])
      #expect(lines[0]["session"] == id)
      #expect(lines[0]["proof"] == "token \(service.id)")
      #expect(lines[0]["address"] == "127.0.0.1")
      // What the caller is told names the line.
      for (line, answer) in [(0, initiated), (2, stored), (3, bob), (7, made)] {
        let request = try #require(lines[line]["request"])
        #expect(answer.headers.contains("x-request-id: \(request)"), "\(answer.headers)")
      }
      for text in ["7654321", service.secret, alice, "made-up"] {
        #expect(!deployment.server.output.contains(text))
      }
    }
  }

  @Test func `a certificate says which service calls, until the table says otherwise`() async throws
  {
    let table = { (scopes: String) in
      #"{"spiffe://example.org/billing":{"service":"billing","scopes":[\#(scopes)]}}"#
    }
    try await TLSFixture.with(services: table(#""act-as","session:read""#)) { fixture in
      let names = ["URI:spiffe://example.org/billing"]
      let files = try await fixture.clientCA.issue("billing", names: names)
      let stranger = try await fixture.clientCA.issue(
        "stranger", names: ["URI:spiffe://example.org/stranger"])
      func call(
        _ procedure: String, _ files: CertificateAuthority.Files, _ arguments: String...
      ) async throws -> String {
        let run = try await fixture.userAPI(
          arguments: [
            "call", procedure, "--ca", fixture.ca.certificate, "--cert", files.certificate,
            "--key", files.key, "--act-as", "alice",
          ] + arguments, environment: ["USER_API_TOKEN": ""])
        return (run.output + run.errors).trimmingCharacters(in: .whitespacesAndNewlines)
      }
      #expect(try await call("getWhatsAppSession", files) == "null")
      #expect(try await call("initiateWhatsAppSession", files).contains("SCOPE_MISSING"))
      #expect(try await call("getWhatsAppSession", stranger).contains("TOKEN_MISSING"))
      // A token decides alone.
      #expect(
        try await call("getWhatsAppSession", files, "--token", fixture.token)
          .contains("SCOPE_MISSING"))

      let file = fixture.folder.appending(path: "services.json")
      try table(#""act-as","session:write""#).write(to: file, atomically: true, encoding: .utf8)
      fixture.deployment.server.signal(SIGHUP)
      try await eventually("the table is another") {
        try await call("getWhatsAppSession", files).contains("SCOPE_MISSING")
      }
      #expect(try await call("initiateWhatsAppSession", files).contains("sessionName"))
      // A table that is no table leaves the old one.
      try "{".write(to: file, atomically: true, encoding: .utf8)
      fixture.deployment.server.signal(SIGHUP)
      _ = try await fixture.deployment.server.line { $0.contains("the old one stays") }
      #expect(try await call("initiateWhatsAppSession", files).contains("sessionName"))
    }
  }

  /// What thirty calls one after the other are answered, on one connection.
  private func burst(_ deployment: Deployment, _ token: String) async throws -> [String] {
    let script = """
      import sys, httpx
      url, token = sys.argv[1:]
      with httpx.Client(http1=False, http2=True, trust_env=False, timeout=10) as client:
          for _ in range(30):
              print(client.post(url, content=b"{}", headers={
                  "content-type": "application/json", "authorization": "Bearer " + token}).text)
      """
    let run = try await Run(
      "/usr/bin/python3",
      ["-c", script, deployment.url + "/user.v1.User/getWhatsAppSession", token],
      in: deployment.folder)
    #expect(run.status == 0, "\(run.errors)")
    return run.output.split(separator: "\n").map(String.init)
  }

  private static func limited(_ bodies: [String]) -> [String] {
    bodies.filter { body in body.contains("RATE_LIMITED") }
  }

  @Test func `who calls too often is told when to come back, and others are not concerned`()
    async throws
  {
    let limits = ["--read-limit", "3/1", "--failed-auth-limit", "3/1"]
    try await Deployment.with(server: limits, isSpread: false) { deployment in
      let alice = try await deployment.token(user: "alice").secret
      let bob = try await deployment.token(user: "bob").secret
      let calls = try await self.burst(deployment, alice)
      #expect(calls.count == 30)
      #expect(calls.prefix(3) == ["null", "null", "null"])
      let refusedCalls = Self.limited(calls)
      #expect(refusedCalls.count > 10, "\(calls)")
      for body in refusedCalls { #expect(body.contains(#""retryAfterMs":"#), "\(body)") }
      #expect(try await deployment.call("getWhatsAppSession", token: bob).body == "null")

      let failures = try await self.burst(deployment, "uapi_made-up")
      for body in failures.prefix(3) { #expect(body.contains("TOKEN_INVALID"), "\(body)") }
      let refusedFailures = Self.limited(failures)
      #expect(refusedFailures.count > 10, "\(failures)")
      // Who was found lately is, though others at the same address make tokens up.
      #expect(try await deployment.call("getWhatsAppSession", token: bob).body == "null")

      deployment.server.signal(SIGTERM)
      #expect(await deployment.server.endOfOutput() == 0)
      // All of them are written down, in fewer lines.
      var (lines, counted) = (0, 0)
      for line in self.audit(deployment) where line["outcome"] == "RATE_LIMITED" {
        lines += 1
        counted += line["count"].flatMap { Int($0) } ?? 1
      }
      let refused = refusedCalls.count + refusedFailures.count
      #expect(counted == refused)
      #expect(lines < refused)
    }
  }
}
