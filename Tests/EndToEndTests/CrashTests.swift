import Foundation
import Testing

/// The server, or WAHA, is killed half way, and what was begun can be ended after.
@Suite(.timeLimit(.minutes(10))) struct CrashTests {
  /// Where the server is killed: while it waits for the answer to a request of its own.
  struct Moment: Sendable, CustomTestStringConvertible {
    enum Fate: Sendable {
      case lost
      case underWay
      case done
    }

    var testDescription: String
    var method: String
    /// What the path begins with; `*` stands for the session's name.
    var path: String
    /// What becomes of the request at WAHA when nobody waits for its answer any more.
    var fate = Fate.lost
  }

  static let initiateMoments = [
    Moment(
      testDescription: "before WAHA is asked to create", method: "GET", path: "/api/sessions/"),
    Moment(testDescription: "when WAHA has not created", method: "POST", path: "/api/sessions"),
    Moment(
      testDescription: "while WAHA creates", method: "POST", path: "/api/sessions", fate: .underWay),
    Moment(
      testDescription: "when WAHA has created", method: "POST", path: "/api/sessions", fate: .done),
  ]

  static let restartMoments = [
    Moment(
      testDescription: "while WAHA restarts", method: "POST", path: "/api/sessions/*/restart",
      fate: .underWay),
    Moment(
      testDescription: "when WAHA has restarted", method: "POST", path: "/api/sessions/*/restart",
      fate: .done),
    Moment(testDescription: "when WAHA has not", method: "POST", path: "/api/sessions/*/restart"),
  ]

  static let logoutMoments = [
    Moment(testDescription: "when it is noted", method: "GET", path: "/api/sessions/*"),
    Moment(
      testDescription: "while WAHA logs out", method: "POST", path: "/api/sessions/*/logout",
      fate: .underWay),
    Moment(
      testDescription: "when WAHA has logged out", method: "POST", path: "/api/sessions/*/logout",
      fate: .done),
    Moment(
      testDescription: "while WAHA deletes", method: "DELETE", path: "/api/sessions/*",
      fate: .underWay),
    Moment(
      testDescription: "when WAHA has deleted", method: "DELETE", path: "/api/sessions/*",
      fate: .done),
  ]

  /// What takes its time at WAHA does so under the session's lock.
  private static let timing = ["--operation-time", "500ms", "--start-delay", "500ms"]
  /// Nothing is brought together but by the next call.
  private static let alone = ["USER_API_RECONCILE_INTERVAL": "0s"]

  @Test(arguments: initiateMoments)
  func `an initiate that was cut short is made good by the next`(moment: Moment) async throws {
    try await Deployment.with(simulator: Self.timing, environment: Self.alone, isSpread: false) {
      deployment in
      let token = try await deployment.token(user: "alice").secret
      try await deployment.kill(at: moment, of: nil, in: "initiateWhatsAppSession", token: token)
      try await deployment.restartServer()
      let name = try await deployment.initiate(token: token)
      // What was under way may come late, and changes nothing.
      try await deployment.awaitStatus("SCAN_QR_CODE", of: name, token: token)
      try await deployment.control("POST", "sessions/\(name)/scan")
      try await deployment.awaitStatus("WORKING", of: name, token: token)
      #expect(try await deployment.initiate(token: token) == name)
      #expect(try await deployment.upstreamSessions() == [name])
      #expect(try await deployment.stored("status") == "CONNECTED")
    }
  }

  @Test func `a link that was cut short is taken up by the next`() async throws {
    try await Deployment.with(
      simulator: Self.timing + ["--qr-first", "2s", "--qr-next", "2s", "--qr-count", "100"],
      environment: Self.alone, isSpread: false
    ) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let message = #"{"qrFormat":"text"}"#
      let link = try deployment.foreignStream("linkSession", message, token: token)
      _ = try await link.line { $0.contains("SCAN_QR_CODE") }
      deployment.server.signal(SIGKILL)
      await deployment.server.end()
      _ = await link.endOfOutput()
      let known = link.arrivals.compactMap(\.event.code)
      try await deployment.restartServer()
      let second = try deployment.foreignStream("linkSession", message, token: token)
      // The codes go on while the phone is not there yet.
      let code = try await second.line { line in
        line.contains("SCAN_QR_CODE") && !known.contains { line.contains($0) }
      }
      #expect(code.contains("2@"))
      let names = try await deployment.upstreamSessions()
      #expect(names.count == 1)
      try await deployment.control("POST", "sessions/\(names[0])/scan")
      #expect(await second.endOfOutput() == 0)
      #expect(second.arrivals.last?.event.status == "WORKING")
      #expect(second.output.hasSuffix(#""flags": 2, "value": {}}"#))
    }
  }

  @Test(arguments: restartMoments)
  func `a restart that was cut short is made good by the next`(moment: Moment) async throws {
    try await Deployment.with(simulator: Self.timing, environment: Self.alone, isSpread: false) {
      deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.link(token: token)
      let session = #"{"sessionName":"\#(name)"}"#
      try await deployment.kill(at: moment, of: name, in: "restartSession", token: token)
      try await deployment.restartServer()
      let restart = try await deployment.call("restartSession", session, token: token)
      #expect(restart.body == #"{"success":true}"#)
      let status = try await deployment.call("getSessionStatus", session, token: token)
      #expect(status.json["status"]?.text == "WORKING", "\(status.body)")
      #expect(try await deployment.initiate(token: token) == name)
      #expect(try await deployment.upstreamSessions() == [name])
    }
  }

  @Test(arguments: logoutMoments)
  func `a logout that was cut short is ended by the next`(moment: Moment) async throws {
    try await Deployment.with(simulator: Self.timing, environment: Self.alone, isSpread: false) {
      deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.link(token: token)
      try await deployment.kill(at: moment, of: name, in: "logoutSession", token: token)
      try await deployment.restartServer()
      let logout = try await deployment.call(
        "logoutSession", #"{"sessionName":"\#(name)"}"#, token: token)
      #expect(logout.body == #"{"success":true}"#)
      #expect(try await deployment.upstreamSessions() == [])
      #expect(try await deployment.stored("status") == "DISCONNECTED")
      try await self.comesBack(deployment, name, token)
    }
  }

  @Test(arguments: logoutMoments)
  func `a logout that was cut short is ended without a call`(moment: Moment) async throws {
    try await Deployment.with(
      simulator: Self.timing, environment: ["USER_API_RECONCILE_INTERVAL": "1s"], isSpread: false
    ) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.link(token: token)
      try await deployment.kill(at: moment, of: name, in: "logoutSession", token: token)
      try await deployment.restartServer()
      let running = deployment
      try await eventually("the logout is noted") {
        try await running.stored("status") == "DISCONNECTED"
      }
      #expect(try await deployment.upstreamSessions() == [])
      try await self.comesBack(deployment, name, token)
    }
  }

  /// A session that is logged out is none, and is made again under its name.
  private func comesBack(_ deployment: Deployment, _ name: String, _ token: String) async throws {
    #expect(try await deployment.call("getWhatsAppSession", token: token).body == "null")
    #expect(try await deployment.initiate(token: token) == name)
    // It was unlinked at WhatsApp as well: nothing but a scan brings it back.
    try await deployment.awaitStatus("SCAN_QR_CODE", of: name, token: token)
    #expect(try await deployment.upstreamSessions() == [name])
    #expect(try await deployment.stored("status") == "CONNECTED")
  }

  @Test func `a session that WAHA lost is noted, and comes back under its name`() async throws {
    try await Deployment.with(environment: ["USER_API_RECONCILE_INTERVAL": "1s"], isSpread: false) {
      deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.link(token: token)
      let session = #"{"sessionName":"\#(name)"}"#
      deployment.simulator.signal(SIGKILL)
      await deployment.simulator.end()
      let gone = try await deployment.call("getSessionStatus", session, token: token)
      #expect(gone.reason == "UPSTREAM_UNAVAILABLE", "\(gone.body)")
      try await deployment.restartSimulator()
      let running = deployment
      try await eventually("WAHA answers") {
        let answer = try await running.call("getSessionStatus", session, token: token)
        return answer.reason == "SESSION_MISSING_UPSTREAM"
      }
      try await eventually("the loss is noted") {
        try await running.stored("status") == "DISCONNECTED"
      }
      let metrics = try await Run(
        "curl", ["-sS", deployment.adminURL + "/metrics"], in: deployment.folder)
      #expect(
        metrics.output.contains(
          "user_api_reconciled_sessions_total{outcome=\"lost\"} 1\n"), "\(metrics.output)")
      #expect(try await deployment.call("getWhatsAppSession", token: token).body == "null")
      #expect(try await deployment.initiate(token: token) == name)
      try await deployment.awaitStatus("SCAN_QR_CODE", of: name, token: token)
      #expect(try await deployment.upstreamSessions() == [name])
    }
  }
}

extension Deployment {
  /// Makes a call, kills the server when it has come so far, and returns when both are gone.
  ///
  /// WAHA lets the server wait until it is killed, so that nothing depends on how fast that is. What
  /// it does then is what it is asked once more, by somebody else.
  ///
  /// - Parameter name: The session's; nil when there is none yet.
  fileprivate func kill(
    at moment: CrashTests.Moment, of name: String?, in procedure: String, token: String
  ) async throws {
    let path = moment.path.split(separator: "*", omittingEmptySubsequences: false)
      .joined(separator: name ?? "")
    try await self.control("DELETE", "requests")
    try await self.control(
      "POST", "faults", #"{"method":"\#(moment.method)","path":"\#(path)","hang":true}"#)
    let call = try Program(
      "/usr/bin/curl",
      [
        "--http2-prior-knowledge", "-sS", "-H", "content-type: application/json", "-H",
        "authorization: Bearer \(token)", "-d", name.map { #"{"sessionName":"\#($0)"}"# } ?? "{}",
        self.url + "/user.v1.User/" + procedure,
      ], in: self.folder)
    try await eventually("WAHA was asked") {
      try await self.requestCount(path, method: moment.method) > 0
    }
    self.server.signal(SIGKILL)
    await self.server.end()
    guard await call.end() != 0 else {
      throw Program.Failure(description: "the call was answered before the server was killed")
    }
    try await self.control("DELETE", "faults")
    guard moment.fate != .lost else { return }
    try await self.control("DELETE", "requests")
    let stored = try await self.stored("session_name")
    let request = try Program(
      "/usr/bin/curl",
      [
        "-sS", "-X", moment.method, "-H", "X-Api-Key: \(Self.wahaKey)", "-H",
        "content-type: application/json", "-d", #"{"name":"\#(stored)","start":true}"#,
        self.simulatorURL + path,
      ], in: self.folder)
    try await eventually("WAHA is at it") {
      try await self.requestCount(path, method: moment.method) > 0
    }
    if moment.fate == .done { #expect(await request.end() == 0) }
  }

  /// What the database says of the one session that there is, read past the server.
  fileprivate func stored(_ column: String) async throws -> String {
    let rows = try await self.database.run("SELECT \(column) FROM whatsapp_sessions")
    return try #require(rows.first)
  }
}
