import NIOCore
import Testing
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct ControlTests {
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

  @Test func `the latest code to type links, and no other`() async throws {
    try await withSimulator { server, client in
      let form = #"{"phoneNumber":"12132132130"}"#
      let path = "/simulator/sessions/a/pair"
      #expect(try await client.post(path, #"{"code":"x"}"#).status == 404)
      _ = try await client.post("/api/sessions", #"{"name":"a","start":true}"#)
      _ = try await client.get("/api/a/auth/qr")
      var codes: [String] = []
      for _ in 0..<2 {
        let given = try await client.post("/api/a/auth/request-code", form)
        #expect(given.status == 201)
        codes.append(try #require(try given.json["code"]?.text))
      }
      let alphabet = Set("123456789ABCDEFGHJKLMNPQRSTVWXYZ")
      for code in codes {
        #expect(code.count == 9)
        #expect(code.split(separator: "-").map(\.count) == [4, 4])
        #expect(alphabet.union("-").isSuperset(of: code))
      }
      #expect(try await client.post(path, "{}").status == 400)
      #expect(try await client.post(path, #"{"code":"\#(codes[0])"}"#).status == 409)
      #expect(server.status(of: "a") == "SCAN_QR_CODE")
      #expect(try await client.post(path, #"{"code":"\#(codes[1])"}"#).status == 200)
      #expect(server.status(of: "a") == "WORKING")
      #expect(try await client.post(path, #"{"code":"\#(codes[1])"}"#).status == 409)
    }
  }

  @Test func `a code to type is worth nothing after a restart`() async throws {
    try await withSimulator { server, client in
      _ = try await client.post("/api/sessions", #"{"name":"a","start":true}"#)
      _ = try await client.get("/api/a/auth/qr")
      let given = try await client.post(
        "/api/a/auth/request-code", #"{"phoneNumber":"12132132130"}"#)
      let code = try #require(try given.json["code"]?.text)
      _ = try await client.post("/api/sessions/a/restart")
      _ = try await client.get("/api/a/auth/qr")
      #expect(!server.pair("a", with: code))
    }
  }

  @Test func `a dead engine answers nothing sensible, the server goes on`() async throws {
    try await withWorkingSession(.webjs) { server, client in
      let path = "/simulator/sessions/s/dead"
      #expect(try await client.put(path, #"{"dead":true,"mode":"error"}"#).status == 200)
      for call in ["s/lids/count", "s/groups", "contacts/all?session=s", "sessions/s/me"] {
        let failed = try await client.get("/api/\(call)")
        #expect(failed.status == 500)
        #expect(
          try failed.json["exception"]?["message"]?.text?
            .hasPrefix("Runtime.callFunctionOn timed out") == true)
        #expect(try failed.json["exception"]?["name"] == "ProtocolError")
      }
      let shown = try await client.get("/api/sessions/s").json
      #expect(shown["status"] == "WORKING")
      #expect(shown["engine"] == [:])
      #expect(try await client.put(path, #"{"dead":false}"#).status == 200)
      #expect(try await client.get("/api/s/lids/count").status == 200)
      #expect(try await client.put(path, #"{"dead":"no"}"#).status == 400)
      #expect(try await client.put(path, #"{"dead":true,"mode":"x"}"#).status == 400)
      #expect(
        try await client.put("/simulator/sessions/b/dead", #"{"dead":true}"#).status == 404)
      server.setStatus("s", to: "FAILED")
      #expect(try await client.put(path, #"{"dead":true}"#).status == 409)
    }
  }

  @Test func `a call to a dead engine hangs until the session is made anew`() async throws {
    try await withWorkingSession(.noweb) { server, client in
      #expect(server.setDeath("s", to: .hang))
      let (channel, received) = try await client.open()
      try await channel.writeAndFlush(
        ByteBuffer(string: "GET /api/s/lids/count HTTP/1.1\r\nHost: x\r\n\r\n"))
      while server.requestCount(path: "/api/s/lids").requests == 0 {
        _ = try await client.get("/ping")
      }
      #expect(try await client.post("/api/sessions/s/restart").status == 201)
      #expect(try await client.get("/api/s/lids/count").status == 200)
      try await channel.close()
      #expect(try await received.get().readableBytes == 0)
    }
  }

  @Test func `a session flaps and comes back`() async throws {
    try await withWorkingSession(.webjs) { server, client in
      let path = "/simulator/sessions/s/flap"
      let form = #"{"statuses":["STARTING","FAILED"],"forMs":5}"#
      #expect(try await client.post(path, form).status == 200)
      // Waits until it works again.
      #expect(try await client.get("/api/s/groups/count").status == 200)
      let history = try #require(server.history(of: "s")).suffix(4)
      #expect(history.map(\.status) == ["WORKING", "STARTING", "FAILED", "WORKING"])
      let times = history.dropFirst().map(\.atMs)
      #expect(times == [times[0], times[0] + 5, times[0] + 10])
      for bad in ["{}", #"{"statuses":[],"forMs":5}"#, #"{"statuses":["A"],"forMs":0}"#] {
        #expect(try await client.post(path, bad).status == 400)
      }
      #expect(try await client.post("/simulator/sessions/b/flap", form).status == 404)
      server.setStatus("s", to: "STOPPED")
      #expect(try await client.post(path, form).status == 409)
    }
  }
}
