import Foundation
import Testing

/// `linkSession` with the real programs, and on a real terminal.
@Suite struct LinkTests {
  /// Runs `user-api link` for a program, which gets JSON.
  private func link(
    _ deployment: Deployment, _ arguments: [String] = [], token: String
  ) throws -> Program {
    try Program(
      "user-api", ["link"] + arguments,
      environment: ["USER_API_URL": deployment.url, "USER_API_TOKEN": token],
      in: deployment.folder)
  }

  /// Runs `user-api link` on a terminal.
  private func onTerminal(
    _ deployment: Deployment, columns: Int = 100, rows: Int = 50, _ arguments: [String] = [],
    _ body: (Terminal, String) async throws -> Void
  ) async throws {
    let token = try await deployment.token(user: "alice").secret
    let name = try await deployment.initiate(token: token)
    try await Terminal.with(
      columns: columns, rows: rows, "user-api", ["link"] + arguments,
      environment: ["USER_API_URL": deployment.url, "USER_API_TOKEN": token],
      in: deployment.folder
    ) { terminal in
      try await body(terminal, name)
    }
  }

  /// What the code says that the simulator shows now.
  private func code(_ deployment: Deployment, _ name: String) async throws -> String {
    let run = try await Run(
      "curl",
      [
        "-sS", "-H", "x-api-key: \(Deployment.wahaKey)",
        "\(deployment.simulatorURL)/api/\(name)/auth/qr?format=raw",
      ], in: deployment.folder)
    return try #require(JSON(run.output)?["value"]?.text, "\(run.output)")
  }

  /// Has the simulator begin to show another code, for as long as it takes.
  private func showCode(_ deployment: Deployment, _ name: String) async throws -> String {
    try await deployment.control(
      "PUT", "sessions/\(name)/status", #"{"status":"SCAN_QR_CODE"}"#)
    return try await self.code(deployment, name)
  }

  /// Looks until the terminal shows this code, and that alone.
  private func shows(_ terminal: Terminal, _ code: String) async throws {
    try await eventually("the code on the terminal is WAHA's") {
      try await terminal.codes() == [code]
    }
  }

  @Test(arguments: ["WEBJS", "NOWEB", "GOWS"])
  func `one call makes a session, shows its code and ends when it is scanned`(
    engine: String
  ) async throws {
    try await Deployment.with(engine: engine) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let link = try self.link(deployment, token: token)
      let shown = JSON(try await link.line { $0.contains(#""qr":"#) })
      let name = try #require(shown?["sessionName"]?.text)
      #expect(shown?["status"]?.text == "SCAN_QR_CODE")
      #expect(shown?["qr"]?.text == (try await self.code(deployment, name)))
      #expect(shown?["attempt"] == .number(1))
      #expect(shown?["attempts"] == .number(6))
      #expect(shown?["expiresAt"]?.text != nil)
      try await deployment.control("POST", "sessions/\(name)/scan")
      #expect(await link.endOfOutput() == 0, "\(link.output)")
      let last = try #require(link.output.split(separator: "\n").last)
      #expect(JSON(String(last))?["status"]?.text == "WORKING")

      let again = try self.link(deployment, token: token)
      #expect(await again.endOfOutput() == 0)
      #expect(again.output.split(separator: "\n").count == 1, "\(again.output)")
    }
  }

  @Test func `codes that nobody scans end the link with what to do`() async throws {
    try await Deployment.with(
      simulator: ["--qr-first", "2s", "--qr-next", "2s", "--qr-count", "2"]
    ) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let link = try self.link(deployment, token: token)
      #expect(await link.endOfOutput() == 1)
      let lines = link.output.split(separator: "\n")
      #expect(lines.contains { $0.contains(#""qr":"#) })
      #expect(lines.dropLast().last?.contains(#""status":"FAILED""#) == true)
      #expect(
        lines.last?.hasSuffix(
          #"run "user-api link" again with the phone at hand (QR_CODES_USED_UP)"#) == true)
    }
  }

  @Test func `a phone number gets a code to type, and none that WAHA refuses`() async throws {
    try await Deployment.with(isSpread: false) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let link = try self.link(deployment, ["--phone", "+999 1234-5678"], token: token)
      let typed = JSON(try await link.line { $0.contains(#""pairingCode":"#) })
      #expect(typed?["pairingCode"]?.text?.wholeMatch(of: /[A-Z0-9]{4}-[A-Z0-9]{4}/) != nil)
      #expect(typed?["qr"]?.text?.hasPrefix("2@") == true)
      let name = try #require(typed?["sessionName"]?.text)
      #expect(try await deployment.requestCount("/api/\(name)/auth/request-code") == 1)
      try await deployment.control("POST", "sessions/\(name)/scan")
      #expect(await link.endOfOutput() == 0, "\(link.output)")

      try await deployment.control(
        "POST", "faults", #"{"path":"/api/\#(name)/auth/request-code","status":500}"#)
      _ = try await self.showCode(deployment, name)
      let refused = try self.link(deployment, ["--phone", "+999 1234-5678"], token: token)
      let told = JSON(try await refused.line { $0.contains("PAIRING_CODE_REFUSED") })
      #expect(told?["qr"]?.text != nil)
      #expect(told?["pairingCode"] == nil)
      try await deployment.control("POST", "sessions/\(name)/scan")
      #expect(await refused.endOfOutput() == 0, "\(refused.output)")
      for secret in ["99912345678", "999 1234", "2@", typed?["pairingCode"]?.text ?? "-"] {
        #expect(!deployment.server.output.contains(secret))
      }
    }
  }

  @Test func `who may not call makes nothing`() async throws {
    try await Deployment.with { deployment in
      let guest = try await deployment.token(user: "alice", role: "GUEST").secret
      for (token, reason) in [
        (guest, "ACCOUNT_NOT_APPROVED"), (nil, "TOKEN_MISSING"), ("nonsense", "TOKEN_INVALID"),
      ] {
        let answer = try await deployment.call(
          "linkSession", "\0\0\0\0\u{2}{}", token: token, contentType: "application/connect+json")
        #expect(answer.body.contains(reason), "\(answer.body)")
      }
      #expect(try await deployment.upstreamCalls() == 0)
    }
  }

  @Test func `the code on a terminal is WAHA's, changes in place and goes when it is scanned`()
    async throws
  {
    // What is seen between the scan and the session that works lasts so long.
    try await Deployment.with(engine: "NOWEB", simulator: ["--start-delay", "5s"]) { deployment in
      let deployment = deployment
      try await self.onTerminal(deployment) { terminal, name in
        try await terminal.shows("code 1 of 6, ")
        try await self.shows(terminal, try await self.code(deployment, name))
        #expect(try await !terminal.isPlain)
        let next = try await self.showCode(deployment, name)
        try await self.shows(terminal, next)
        // However the window changes, it stays one.
        try await terminal.resize(columns: 90, rows: 48)
        try await self.shows(terminal, next)
        try await terminal.resize(columns: 40, rows: 20)
        try await terminal.shows("too small")
        #expect(try await terminal.codes().isEmpty)
        try await deployment.control("POST", "sessions/\(name)/scan")
        try await terminal.shows("Scanned. Linking…")
        try await terminal.shows("status=0")
        #expect(try await terminal.screen().contains("Linked.\n"))
        #expect(try await terminal.isPlain)
        #expect(try await terminal.codes().isEmpty)
      }
    }
  }

  @Test(arguments: ["SIGINT", "SIGTERM"])
  func `an interrupt gives the terminal back as it was`(signal: String) async throws {
    try await Deployment.with { deployment in
      let deployment = deployment
      try await self.onTerminal(deployment, ["--phone", "+99912345678"]) { terminal, name in
        try await terminal.shows("Type this code on the phone")
        try await self.shows(terminal, try await self.code(deployment, name))
        if signal == "SIGINT" {
          try await terminal.press("C-c")
        } else {
          try await terminal.signal(SIGTERM)
        }
        try await terminal.shows("status=130")
        #expect(try await terminal.isPlain)
        #expect(try await terminal.codes().isEmpty)
      }
    }
  }

  @Test func `a link on a terminal survives the server`() async throws {
    let port = Int.random(in: 20_000..<30_000)
    try await Deployment.with(server: ["--listen", "127.0.0.1:\(port)"], isSpread: false) {
      deployment in
      var deployment = deployment
      let first = deployment
      try await self.onTerminal(first) { terminal, name in
        let code = try await self.code(deployment, name)
        try await self.shows(terminal, code)
        deployment.server.signal(SIGKILL)
        await deployment.server.end()
        try await terminal.shows("connection lost, trying again")
        try await deployment.restartServer(["--listen", "127.0.0.1:\(port)"])
        try await eventually("the server is back") {
          try await !terminal.screen().contains("connection lost")
        }
        try await self.shows(terminal, code)
        try await deployment.control("POST", "sessions/\(name)/scan")
        try await terminal.shows("status=0")
      }
      deployment.server.signal(SIGKILL)
      await deployment.server.end()
    }
  }
}
