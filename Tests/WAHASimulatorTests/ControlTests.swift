import Testing
import WAHASimulator

@Suite(.timeLimit(.minutes(1))) struct ControlTests {
  @Test func `sessions are scanned, forced and forgotten`() async throws {
    try await withSimulator { server, client in
      _ = try await client.post("/api/sessions", #"{"name":"a","start":true}"#)
      #expect(try await client.post("/simulator/sessions/nobody/scan").status == 404)
      _ = try await client.get("/api/a/auth/qr")
      #expect(try await client.post("/simulator/sessions/a/scan").status == 200)
      #expect(try await client.post("/simulator/sessions/a/scan").status == 409)
      let forced = try await client.put(
        "/simulator/sessions/a/status", #"{"status":"PASSKEY_REQUIRED"}"#)
      #expect(forced.status == 200)
      #expect(
        try await client.get("/api/sessions/a").json["status"]?.text == "PASSKEY_REQUIRED")
      let listed = try await client.get("/simulator/sessions").json.items
      #expect(
        listed == [
          ["config": .null, "name": "a", "paired": true, "status": "PASSKEY_REQUIRED"]
        ])
      #expect(try await client.delete("/simulator/sessions/a").status == 200)
      #expect(try await client.get("/api/sessions/a").status == 404)
      _ = try await client.post("/api/sessions", #"{"name":"b"}"#)
      _ = try await client.delete("/simulator/sessions")
      #expect(try await client.get("/api/sessions?all=1").text == "[]")
      #expect(server.status(of: "b") == nil)
    }
  }

  @Test func `a scan ends the wait for WORKING at once`() async throws {
    var timing = quickTiming()
    timing.statusWait = .seconds(60)
    let configuration = SimulatorConfiguration(engine: .gows, timing: timing)
    try await withSimulator(configuration) { server, client in
      _ = try await client.post("/api/sessions", #"{"name":"a","start":true}"#)
      _ = try await client.get("/api/a/auth/qr")
      async let groups = client.get("/api/a/groups/count")
      server.scan("a")
      #expect(try await groups.status == 200)
    }
  }

  @Test func `the engine changes while running`() async throws {
    try await withSimulator { _, client in
      let changed = try await client.put(
        "/simulator/engine", #"{"engine":"NOWEB","version":"2025.3.1"}"#)
      #expect(changed.status == 200)
      let version = try await client.get("/api/version").json
      #expect(version["engine"]?.text == "NOWEB")
      #expect(version["version"]?.text == "2025.3.1")
      #expect(try await client.put("/simulator/engine", #"{"engine":"X"}"#).status == 400)
    }
  }

  @Test func `history outlives the session, and goes on with the next of its name`() async throws {
    try await withSimulator { server, client in
      #expect(try await client.get("/simulator/sessions/a/history").status == 404)
      _ = try await client.post("/api/sessions", #"{"name":"a","start":true}"#)
      let text = try await client.get("/api/a/auth/qr?format=raw").json["value"]
      _ = try await client.delete("/api/sessions/a")
      _ = try await client.post("/api/sessions", #"{"name":"a"}"#)
      server.setStatus("a", to: "SCAN_QR_CODE")
      let entries = try #require(
        try await client.get("/simulator/sessions/a/history").json.items)
      #expect(
        entries.map { $0["status"] } == [
          "STOPPED", "STARTING", "SCAN_QR_CODE", "STOPPED", .null, "STOPPED", "SCAN_QR_CODE",
        ])
      #expect(entries[2].keys == ["atMs", "code", "status"])
      #expect(entries[2]["code"]?["serial"] == 1)
      #expect(entries[2]["code"]?["text"] == text)
      #expect(entries[3].keys == ["atMs", "status"])
      #expect(entries[6]["code"]?["serial"] == 1)
      #expect(entries[6]["code"]?["text"] != text)
      #expect(server.history(of: "a")?.map { .int($0.atMs) } == entries.map { $0["atMs"] })
    }
  }
}
