import Foundation
import Testing

/// The programs as an operator sees them.
@Suite struct LifeTests {
  @Test func `a call in flight is answered before the server stops`() async throws {
    try await Deployment.with(isSpread: false) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.initiate(token: token)
      try await deployment.awaitStatus("SCAN_QR_CODE", of: name, token: token)
      try await deployment.control("DELETE", "requests")
      try await deployment.control(
        "POST", "faults", #"{"path":"/api/sessions","latencyMs":1000}"#)
      let deployment = deployment
      async let answer = deployment.call(
        "getSessionStatus", #"{"sessionName":"\#(name)"}"#, token: token)
      try await eventually("WAHA was asked") {
        try await deployment.requestCount("/api/sessions") > 0
      }
      deployment.server.signal(SIGTERM)
      #expect(try await answer.body == #"{"status":"SCAN_QR_CODE"}"#)
      #expect(await deployment.server.end() == 0)
    }
  }

  @Test func `a call that outlasts the grace is answered as unavailable`() async throws {
    try await Deployment.with(server: ["--drain-grace", "100ms"], isSpread: false) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.initiate(token: token)
      try await deployment.control("DELETE", "requests")
      try await deployment.control("POST", "faults", #"{"path":"/api/sessions","hang":true}"#)
      let deployment = deployment
      async let answer = deployment.call(
        "restartSession", #"{"sessionName":"\#(name)"}"#, token: token)
      try await eventually("WAHA was asked") {
        try await deployment.requestCount("/api/sessions") > 0
      }
      deployment.server.signal(SIGTERM)
      #expect(try await answer.reason == "SERVER_STOPPING")
      #expect(await deployment.server.end() == 0)
    }
  }

  @Test func `the admin port tells health and counts calls`() async throws {
    try await Deployment.with(isSpread: false) { deployment in
      let token = try await deployment.token(user: "alice").secret
      _ = try await deployment.call("getWhatsAppSession", token: token)
      _ = try await deployment.call("getWhatsAppSession", token: nil)
      func get(_ path: String) async throws -> String {
        try await Run(
          "curl", ["-sS", "-w", "%{http_code}", deployment.adminURL + path], in: deployment.folder
        ).output
      }
      #expect(try await get("/livez") == "ok\n200")
      #expect(
        try await get("/readyz") == #"{"status":"ready","database":"ok","waha":"ok"}"# + "\n200")
      let metrics = try await get("/metrics")
      let calls = "user_api_calls_total{procedure=\"getWhatsAppSession\",code="
      #expect(metrics.contains(calls + "\"ok\"} 1\n"))
      #expect(metrics.contains(calls + "\"unauthenticated\"} 1\n"))
      #expect(
        metrics.contains(
          "user_api_call_duration_seconds_count{procedure=\"getWhatsAppSession\"} 2\n"))
      #expect(try await get("/elsewhere") == "not found\n404")
    }
  }

  @Test func `a caller who gives up is counted, and WAHA is not kept at work`() async throws {
    try await Deployment.with(isSpread: false) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.initiate(token: token)
      try await deployment.control("POST", "faults", #"{"path":"/api/sessions","hang":true}"#)
      let run = try await Run(
        "curl",
        [
          "--http2-prior-knowledge", "-sS", "-m", "1", "-H", "content-type: application/json",
          "-H", "authorization: Bearer \(token)", "-d", #"{"sessionName":"\#(name)"}"#,
          deployment.url + "/user.v1.User/getSessionStatus",
        ], in: deployment.folder)
      #expect(run.status == 28)
      let deployment = deployment
      try await eventually("the call is counted as canceled") {
        let metrics = try await Run(
          "curl", ["-sS", deployment.adminURL + "/metrics"], in: deployment.folder)
        return metrics.output.contains(
          "user_api_calls_total{procedure=\"getSessionStatus\",code=\"canceled\"} 1\n")
      }
      try await eventually("the request was aborted") {
        let count = JSON(try await deployment.control("GET", "requests/count?path=/api"))
        return count?["aborted"] == .number(1)
      }
    }
  }

  @Test func `neither logs nor errors carry secrets`() async throws {
    try await Deployment.with(isSpread: false) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.initiate(token: token)
      let session = #"{"sessionName":"\#(name)"}"#
      try await deployment.awaitStatus("SCAN_QR_CODE", of: name, token: token)
      let code = try await deployment.call("getSessionQR", session, token: token)
      #expect(code.body.contains("iVBOR"))
      try await deployment.control("POST", "sessions/\(name)/scan")
      try await deployment.awaitStatus("WORKING", of: name, token: token)
      let shown = try await deployment.call("getWhatsAppSession", token: token)
      let id = shown.json["id"]?.text ?? ""
      _ = try await deployment.call(
        "updateSessionPhone", #"{"id":"\#(id)","phoneNumber":"+99912345678"}"#, token: token)
      _ = try await deployment.call("getWhatsAppContacts", session, token: token)
      try await deployment.control(
        "POST", "faults",
        #"{"path":"/api/sessions","count":1,"exception":{"message":"private-words"}}"#)
      let failed = try await deployment.call("getSessionStatus", session, token: token)
      #expect(!failed.body.contains("private-words"))
      deployment.server.signal(SIGTERM)
      await deployment.server.end()
      let log = deployment.server.output
      let secrets = [token, "99912345678", Deployment.wahaKey, "private-words", "iVBOR", "@c.us"]
      for secret in secrets + [deployment.database.password].compactMap({ $0 }) {
        #expect(!log.contains(secret), "the log has \(secret)")
      }
      #expect(log.contains(#""procedure":"getWhatsAppContacts""#))
    }
  }

  @Test(arguments: [
    ("USER_API_LISTEN", "nowhere"), ("USER_API_ADMIN_LISTEN", "1:2:3"),
    ("WAHA_API_URL", "ftp://x"), ("DATABASE_URL", "mysql:x"), ("LOG_LEVEL", "loud"),
    ("LOG_FORMAT", "xml"), ("USER_API_STATUS_MAX_AGE", "2s"), ("USER_API_TLS_CERT", "cert.pem"),
    ("WAHA_API_KEY_FILE", "/nonexistent"), ("DATABASE_URL", "postgres://u:hunter2@h/x?ssl"),
    ("DATABASE_URL", "postgres://u:hunter2@h:0/x"), ("USER_API_DATABASE_POOL", "201"),
  ])
  func `a bad setting stops the server with one line that names it`(
    name: String, value: String
  ) async throws {
    let run = try await Run(
      "user-api-server", ["serve"], environment: [name: value],
      in: FileManager.default.temporaryDirectory)
    #expect(run.status != 0)
    #expect(run.errors.hasPrefix("user-api-server: \(name): "))
    #expect(run.errors.split(separator: "\n").count == 1)
    #expect(!run.errors.contains("hunter2"))
  }
}
