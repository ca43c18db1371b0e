import Foundation
import Testing

/// What a caller gets when the request, WAHA, or a program fails.
@Suite struct FailureTests {
  @Test func `a bad request is told what is wrong with it`() async throws {
    try await Deployment.with { deployment in
      let token = try await deployment.token(user: "alice").secret
      let status = "getSessionStatus"
      func check(
        _ answer: Deployment.Answer, _ status: Int, _ code: String, _ reason: String,
        _ mention: String = ""
      ) {
        #expect(answer.status == status, "\(answer.body)")
        #expect(answer.json["code"]?.text == code)
        #expect(answer.reason == reason)
        let message = answer.json["message"]?.text ?? ""
        #expect(mention.isEmpty || message.contains(mention), "\(answer.body)")
      }
      let call = deployment.call(_:_:token:headers:contentType:method:)
      check(
        try await call(status, "{}", token, [], "text/plain", "POST"), 415, "invalid_argument",
        "UNSUPPORTED_CONTENT_TYPE")
      let get = try await call(status, "", token, [], "application/json", "GET")
      check(get, 405, "unimplemented", "METHOD_NOT_ALLOWED")
      #expect(get.headers.contains("allow: POST"))
      func post(
        _ procedure: String, _ message: String, _ headers: [String] = []
      ) async throws -> Deployment.Answer {
        try await call(procedure, message, token, headers, "application/json", "POST")
      }
      check(try await post("nope", "{}"), 501, "unimplemented", "UNKNOWN_PROCEDURE")
      check(
        try await post(status, "{}", ["content-encoding: gzip"]), 501, "unimplemented",
        "COMPRESSION_UNSUPPORTED")
      check(
        try await post(status, "{}", ["connect-timeout-ms: 5s"]), 400, "invalid_argument",
        "INVALID_TIMEOUT")
      check(try await post(status, "{"), 400, "invalid_argument", "MALFORMED_JSON")
      check(try await post(status, "[]"), 400, "invalid_argument", "MALFORMED_JSON")
      check(try await post(status, ""), 400, "invalid_argument", "INVALID_ENVELOPE")
      check(
        try await post(status, "{}"), 400, "invalid_argument", "INVALID_FIELD", "sessionName")
      for (field, value) in [
        ("limit", "0"), ("limit", #""5""#), ("limit", "1.5"), ("cursor", "-1"),
        ("cursor", "true"), ("search", "7"),
      ] {
        check(
          try await post("getWhatsAppGroups", #"{"sessionName":"s","\#(field)":\#(value)}"#), 400,
          "invalid_argument", "INVALID_FIELD", field)
      }
      check(
        try await post("updateSessionPhone", #"{"id":"x","phoneNumber":"12x"}"#), 400,
        "invalid_argument", "INVALID_FIELD", "phoneNumber")
      check(
        try await post(status, #"{"x":""# + String(repeating: "a", count: 1 << 20) + #""}"#), 429,
        "resource_exhausted", "MESSAGE_TOO_LARGE")
      check(
        try await post(status, #"{"sessionName":"s"}"#, ["connect-timeout-ms: 0"]), 504,
        "deadline_exceeded", "DEADLINE_EXCEEDED")
    }
  }

  @Test func `a large body that is refused early does not lose the answer`() async throws {
    try await Deployment.with { deployment in
      let body = String(repeating: "a", count: 8 << 20)
      // One is refused at once, one after a look into the database.
      for (token, reason) in [(nil, "TOKEN_MISSING"), ("uapi_unknown", "TOKEN_INVALID")] {
        let answer = try await deployment.call("getSessionStatus", body, token: token)
        #expect(answer.reason == reason)
      }
    }
  }

  @Test func `of a header that comes twice the first counts`() async throws {
    try await Deployment.with { deployment in
      let token = try await deployment.token(user: "alice").secret
      let answer = try await deployment.call(
        "getWhatsAppSession", token: token,
        headers: ["connect-timeout-ms: 10000", "connect-timeout-ms: 0"])
      #expect(answer.body == "null")
    }
  }

  @Test func `refused bodies leave the connection as it was`() async throws {
    try await Deployment.with(server: ["--failed-auth-limit", "none"]) { deployment in
      let token = try await deployment.token(user: "alice").secret
      // Sixty bodies of 40 kB are more than twice what a connection's window holds.
      let script = """
        import sys, httpx
        url, token = sys.argv[1:]
        with httpx.Client(http1=False, http2=True, trust_env=False, timeout=10) as client:
            def call(token, body):
                return client.post(url, content=body, headers={
                    "content-type": "application/json", "authorization": "Bearer " + token})
            refused = {call("uapi_unknown%d" % i, b"x" * 40_000).status_code for i in range(60)}
            print(refused, call(token, b"{}" + b" " * 500_000).text)
        """
      let run = try await Run(
        "/usr/bin/python3",
        ["-c", script, deployment.url + "/user.v1.User/getWhatsAppSession", token],
        in: deployment.folder)
      #expect(run.output == "{401} null\n", "\(run.errors)")
    }
  }

  /// A fault at the simulator for the status, and what the caller gets for it.
  static let upstreamFaults: [(String, Int, String)] = [
    (#"{"status":502}"#, 503, "UPSTREAM_UNAVAILABLE"),
    (#"{"status":503}"#, 503, "UPSTREAM_UNAVAILABLE"),
    (#"{"status":504}"#, 503, "UPSTREAM_UNAVAILABLE"),
    (#"{"dropConnection":true}"#, 503, "UPSTREAM_UNAVAILABLE"),
    (#"{"truncateAfterBytes":10}"#, 503, "UPSTREAM_UNAVAILABLE"),
    (#"{"status":401}"#, 500, "UPSTREAM_UNAUTHORIZED"),
    (#"{"status":403}"#, 500, "UPSTREAM_UNAUTHORIZED"),
    (#"{"redirect":"http://127.0.0.1:1/"}"#, 500, "UPSTREAM_INVALID_RESPONSE"),
    (#"{"status":200,"body":"<html>"}"#, 500, "UPSTREAM_INVALID_RESPONSE"),
    (#"{"status":200,"body":""}"#, 500, "UPSTREAM_INVALID_RESPONSE"),
    (#"{"exception":{"message":"rate-overlimit","data":429}}"#, 429, "UPSTREAM_RATE_LIMITED"),
    (
      #"{"exception":{"message":"async-lock timed out in queue x"}}"#, 503, "UPSTREAM_BUSY"
    ),
    (#"{"exception":{"message":"something new"}}"#, 500, "UPSTREAM_INVALID_RESPONSE"),
    (#"{"hang":true}"#, 504, "UPSTREAM_TIMEOUT"),
  ]

  @Test func `each of WAHA's failures has a reason, and the next call recovers`() async throws {
    try await Deployment.with { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.link(token: token)
      let message = #"{"sessionName":"\#(name)"}"#
      for (fault, status, reason) in Self.upstreamFaults {
        try await deployment.control(
          "POST", "faults", #"{"path":"/api/sessions","method":"GET","# + fault.dropFirst())
        let answer = try await deployment.call("getSessionStatus", message, token: token)
        #expect(answer.status == status, "\(fault): \(answer.body)")
        #expect(answer.reason == reason, "\(fault): \(answer.body)")
        if reason == "UPSTREAM_RATE_LIMITED" {
          #expect(answer.json["data"]?["retryAfterMs"] == .number(60_000))
        }
        try await deployment.control("DELETE", "faults")
        let next = try await deployment.call("getSessionStatus", message, token: token)
        #expect(next.json["status"]?.text == "WORKING", "\(fault): \(next.body)")
      }
      for list in ["getWhatsAppGroups", "getWhatsAppContacts"] {
        try await deployment.control(
          "POST", "faults", #"{"path":"/api/*/groups","count":1,"status":200,"body":"[1,2]"}"#)
        try await deployment.control(
          "POST", "faults", #"{"path":"/api/contacts","count":1,"status":200,"body":"{}"}"#)
        let answer = try await deployment.call(list, message, token: token)
        #expect(answer.reason == "UPSTREAM_INVALID_RESPONSE", "\(answer.body)")
        try await deployment.control("DELETE", "faults")
        #expect(try await deployment.call(list, message, token: token).status == 200)
      }
    }
  }

  @Test func `a session that cannot be created fails with the known message`() async throws {
    try await Deployment.with { deployment in
      let token = try await deployment.token(user: "alice").secret
      try await deployment.control(
        "POST", "faults", #"{"path":"/api/sessions","method":"POST","count":1,"status":503}"#)
      let answer = try await deployment.call("initiateWhatsAppSession", token: token)
      #expect(answer.status == 500)
      #expect(
        answer.bodyWithoutRequestID
          == #"{"code":"internal","message":"Failed to create WhatsApp session","data":"#
          + #"{"reason":"UPSTREAM_UNAVAILABLE","trpcCode":"INTERNAL_SERVER_ERROR"}}"#)
      _ = try await deployment.initiate(token: token)
    }
  }

  @Test func `a deadline that passes cancels the request at WAHA`() async throws {
    try await Deployment.with { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.initiate(token: token)
      try await deployment.control("POST", "faults", #"{"path":"/api/sessions","hang":true}"#)
      let answer = try await deployment.call(
        "getSessionStatus", #"{"sessionName":"\#(name)"}"#, token: token,
        headers: ["connect-timeout-ms: 1000"])
      #expect(answer.reason == "DEADLINE_EXCEEDED", "\(answer.body)")
      let deployment = deployment
      try await eventually("the request was aborted") {
        let count = JSON(try await deployment.control("GET", "requests/count?path=/api"))
        return count?["aborted"] == .number(1)
      }
    }
  }

  @Test func `contacts of a session without a store say why there are none`() async throws {
    try await Deployment.with(engine: "NOWEB") { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.link(token: token)
      try await deployment.control("DELETE", "sessions/\(name)")
      let made = try await Run(
        "curl",
        [
          "-sS", "-H", "X-Api-Key: \(Deployment.wahaKey)", "-H",
          "content-type: application/json", "-d", #"{"name":"\#(name)","start":true}"#,
          deployment.simulatorURL + "/api/sessions",
        ], in: deployment.folder)
      #expect(made.status == 0)
      try await deployment.awaitStatus("SCAN_QR_CODE", of: name, token: token)
      try await deployment.control("POST", "sessions/\(name)/scan")
      try await deployment.awaitStatus("WORKING", of: name, token: token)
      let answer = try await deployment.call(
        "getWhatsAppContacts", #"{"sessionName":"\#(name)"}"#, token: token)
      #expect(answer.status == 400)
      #expect(answer.reason == "CONTACTS_NOT_STORED", "\(answer.body)")
    }
  }

  @Test func `a database that is broken is unavailable`() async throws {
    try await Deployment.with { deployment in
      let token = try await deployment.token(user: "alice").secret
      try await deployment.database.run(
        "DROP TABLE message_campaigns", "DROP TABLE whatsapp_groups",
        "DROP TABLE whatsapp_sessions")
      let answer = try await deployment.call("getWhatsAppSession", token: token)
      #expect(answer.status == 503)
      #expect(answer.reason == "STORE_UNAVAILABLE", "\(answer.body)")
    }
  }

  @Test func `a server that is killed goes on where it was`() async throws {
    try await Deployment.with(isSpread: false) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.link(token: token)
      deployment.server.signal(SIGKILL)
      await deployment.server.end()
      try await deployment.restartServer()
      let message = #"{"sessionName":"\#(name)"}"#
      let status = try await deployment.call("getSessionStatus", message, token: token)
      #expect(status.json["status"]?.text == "WORKING")
      #expect(try await deployment.initiate(token: token) == name)
    }
  }

  @Test func `a WAHA that is gone is an error, and readiness stays`() async throws {
    try await Deployment.with(isSpread: false) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.initiate(token: token)
      deployment.simulator.signal(SIGKILL)
      await deployment.simulator.end()
      for (procedure, message) in [
        ("getSessionStatus", #"{"sessionName":"\#(name)"}"#), ("getWhatsAppSession", "{}"),
      ] {
        let answer = try await deployment.call(procedure, message, token: token)
        #expect(answer.reason == "UPSTREAM_UNAVAILABLE", "\(answer.body)")
      }
      let ready = try await Run(
        "curl", ["-sS", "-w", "%{http_code}", deployment.adminURL + "/readyz"],
        in: deployment.folder)
      #expect(ready.output.contains(#""waha":"UPSTREAM_UNAVAILABLE""#))
      #expect(ready.output.hasSuffix("200"))
    }
  }
}
