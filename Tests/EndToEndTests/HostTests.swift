import Foundation
import NIOConcurrencyHelpers
import Testing

@Suite(.timeLimit(.minutes(10))) struct HostTests {
  /// Runs `body` with a server over two hosts.
  private func withHosts(
    _ first: Int? = nil, _ second: Int? = nil,
    _ body: (inout Deployment, SimulatedHost, SimulatedHost) async throws -> Void
  ) async throws {
    let started = NIOLockedValueBox<[SimulatedHost]>([])
    let result: Result<Void, any Error>
    do {
      try await Deployment.with(
        isSpread: false,
        prepare: { folder in
          for name in ["a", "b"] {
            let host = try await SimulatedHost(name, in: folder)
            started.withLockedValue { $0.append(host) }
          }
          let hosts = started.withLockedValue { $0 }
          return Self.arguments(hosts[0].entry(capacity: first), hosts[1].entry(capacity: second))
        }
      ) { deployment in
        let hosts = started.withLockedValue { $0 }
        try await body(&deployment, hosts[0], hosts[1])
        // The deployment's own simulator is no host of this server.
        #expect(try await deployment.upstreamSessions() == [])
      }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    for host in started.withLockedValue({ $0 }) { await host.kill() }
    try result.get()
  }

  private static func arguments(_ entries: String...) -> [String] {
    ["--waha-api-url", entries.joined(separator: " ")]
  }

  private func token(_ deployment: Deployment, _ user: String) async throws -> String {
    try await deployment.token(user: user).secret
  }

  /// Initiates the user's session and links a phone to it on the host where it has to be.
  private func link(
    _ deployment: Deployment, on host: SimulatedHost, token: String
  ) async throws -> String {
    let name = try await deployment.initiate(token: token)
    #expect(try await host.sessions().contains(name))
    try await deployment.awaitStatus("SCAN_QR_CODE", of: name, token: token)
    try await host.control("POST", "sessions/\(name)/scan")
    try await deployment.awaitStatus("WORKING", of: name, token: token)
    return name
  }

  private func contacts(
    _ deployment: Deployment, _ name: String, _ token: String
  ) async throws -> Deployment.Answer {
    try await deployment.call(
      "getWhatsAppContacts", #"{"sessionName":"\#(name)"}"#, token: token)
  }

  private func status(
    _ deployment: Deployment, _ name: String, _ token: String
  ) async throws -> Deployment.Answer {
    try await deployment.call("getSessionStatus", #"{"sessionName":"\#(name)"}"#, token: token)
  }

  @Test func `sessions are spread, and each is asked for where it is`() async throws {
    try await self.withHosts { deployment, a, b in
      for (index, host) in [a, b, a, b].enumerated() {
        let token = try await self.token(deployment, "user-\(index)")
        let name = try await self.link(deployment, on: host, token: token)
        #expect(try await self.contacts(deployment, name, token).json["items"] != nil)
        let other = host.name == "a" ? b : a
        #expect(try await host.requestCount(of: name) > 0)
        #expect(try await other.requestCount(of: name) == 0)
        #expect(
          try await deployment.database.run(
            "SELECT waha_host FROM whatsapp_sessions WHERE session_name = '\(name)'")
            == [host.name])
        // Restarted and logged out where it is, too.
        guard index > 1 else { continue }
        let session = #"{"sessionName":"\#(name)"}"#
        for procedure in ["restartSession", "logoutSession"] {
          let answer = try await deployment.call(procedure, session, token: token)
          #expect(answer.body == #"{"success":true}"#)
        }
        // The next is to find the loads as they were with it.
        #expect(try await !host.sessions().contains(name))
        #expect(try await deployment.initiate(token: token) == name)
      }
    }
  }

  @Test func `a host that is killed leaves the sessions of the other working`() async throws {
    try await self.withHosts { deployment, a, b in
      let (alice, bob) = (
        try await self.token(deployment, "alice"), try await self.token(deployment, "bob")
      )
      let lost = try await self.link(deployment, on: a, token: alice)
      let kept = try await self.link(deployment, on: b, token: bob)
      await a.kill()
      for _ in 0..<8 {
        let answer = try await self.status(deployment, lost, alice)
        #expect(answer.reason == "UPSTREAM_UNAVAILABLE", "\(answer.body)")
        #expect(
          try await self.status(deployment, kept, bob).json["status"]?.text == "WORKING")
      }
      #expect(try await self.contacts(deployment, kept, bob).json["items"] != nil)
      // Nobody has it but the host that is down.
      let again = try await deployment.call("initiateWhatsAppSession", token: alice)
      #expect(again.reason == "UPSTREAM_UNAVAILABLE", "\(again.body)")
      #expect(try await b.sessions() == [kept])
      let ready = try await Run(
        "curl", ["-sS", deployment.adminURL + "/readyz"], in: deployment.folder)
      #expect(
        ready.output.contains(
          #""waha":[{"host":"a","status":"UPSTREAM_UNAVAILABLE"},{"host":"b","status":"ok"}]"#),
        "\(ready.output)")
      try await eventually("the breaker of the one opens, and not that of the other") {
        _ = try await deployment.call("initiateWhatsAppSession", token: alice)
        let metrics = try await Run(
          "curl", ["-sS", deployment.adminURL + "/metrics"], in: deployment.folder
        ).output
        return [#"{host="a"} 1"#, #"{host="b"} 0"#].allSatisfy {
          metrics.contains("user_api_upstream_breaker_open" + $0 + "\n")
        }
      }
    }
  }

  @Test func `a drained host serves its sessions and gets no new ones`() async throws {
    try await self.withHosts { deployment, a, b in
      let alice = try await self.token(deployment, "alice")
      let name = try await self.link(deployment, on: a, token: alice)
      deployment.server.signal(SIGTERM)
      await deployment.server.end()
      try await deployment.restartServer(Self.arguments(a.entry(capacity: 0), b.entry()))
      for index in 0..<3 {
        let token = try await self.token(deployment, "user-\(index)")
        _ = try await self.link(deployment, on: b, token: token)
      }
      #expect(try await a.sessions() == [name])
      #expect(
        try await self.status(deployment, name, alice).json["status"]?.text == "WORKING")
      #expect(try await self.contacts(deployment, name, alice).json["items"] != nil)
      #expect(try await deployment.initiate(token: alice) == name)
      // Logged out and initiated again, it is elsewhere, under its name.
      let logout = try await deployment.call(
        "logoutSession", #"{"sessionName":"\#(name)"}"#, token: alice)
      #expect(logout.body == #"{"success":true}"#)
      #expect(try await a.sessions() == [])
      #expect(try await self.link(deployment, on: b, token: alice) == name)
      #expect(try await a.sessions() == [])
      // Nobody misses it when it is gone.
      await a.kill()
      deployment.server.signal(SIGTERM)
      await deployment.server.end()
      try await deployment.restartServer(Self.arguments(b.entry()))
      #expect(
        try await self.status(deployment, name, alice).json["status"]?.text == "WORKING")
    }
  }

  @Test func `where no host has room nothing is made, and a logout makes room`() async throws {
    try await self.withHosts(1, 1) { deployment, a, b in
      let (alice, bob) = (
        try await self.token(deployment, "alice"), try await self.token(deployment, "bob")
      )
      let name = try await self.link(deployment, on: a, token: alice)
      let other = try await self.link(deployment, on: b, token: bob)
      let carol = try await self.token(deployment, "carol")
      let full = try await deployment.call("initiateWhatsAppSession", token: carol)
      #expect(full.status == 429)
      #expect(full.reason == "NO_CAPACITY")
      #expect(full.json["code"]?.text == "resource_exhausted")
      #expect(full.json["message"]?.text == "Failed to create WhatsApp session")
      #expect(try await a.sessions() == [name])
      #expect(try await b.sessions() == [other])
      let logout = try await deployment.call(
        "logoutSession", #"{"sessionName":"\#(name)"}"#, token: alice)
      #expect(logout.body == #"{"success":true}"#)
      _ = try await self.link(deployment, on: a, token: carol)
    }
  }
}
