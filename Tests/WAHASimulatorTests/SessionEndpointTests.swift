import NIOCore
import Testing
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct SessionEndpointTests {
  @Test func `a session is created, linked, and deleted`() async throws {
    try await withSimulator { server, client in
      let created = try await client.post("/api/sessions", #"{"name":"a","start":true}"#)
      #expect(created.status == 201)
      #expect(try created.json["status"]?.text == "STARTING")
      #expect(try created.json["me"] == .null)
      #expect(try created.json["config"] == nil)
      // Waits for the code.
      #expect(try await client.get("/api/a/auth/qr").status == 200)
      let me = try await client.get("/api/sessions/a/me")
      #expect(me.status == 200)
      #expect(me.body.readableBytes == 0)
      #expect(me.headers["content-type"] == nil)
      #expect(server.scan("a"))
      let linked = try await client.get("/api/sessions/a").json
      #expect(linked["status"]?.text == "WORKING")
      #expect(linked["me"]?["id"]?.text == server.truth().owner.id)
      let deleted = try await client.delete("/api/sessions/a")
      #expect(deleted.status == 200)
      #expect(deleted.body.readableBytes == 0)
      #expect(try await client.get("/api/sessions/a").status == 404)
      #expect(try await client.delete("/api/sessions/a").status == 200)
    }
  }

  @Test func `creating needs a plain name and an unused one`() async throws {
    try await withSimulator { _, client in
      let long = String(repeating: "x", count: 55)
      let refused = try await client.post("/api/sessions", #"{"name":"\#(long)"}"#)
      #expect(refused.status == 400)
      #expect(try refused.json["message"]?.items?.count == 1)
      #expect(try await client.post("/api/sessions", #"{"name":"a b"}"#).status == 400)
      let first = try await client.post("/api/sessions", #"{"name":"a","config":{"debug":true}}"#)
      #expect(try first.json["status"]?.text == "STOPPED")
      #expect(try first.json["config"]?["debug"] == true)
      let second = try await client.post("/api/sessions", #"{"name":"a"}"#)
      #expect(second.status == 422)
      #expect(
        try second.json["message"]?.text == "Session 'a' already exists. Use PUT to update it.")
    }
  }

  @Test func `a body that does not call itself JSON is no body`() async throws {
    try await withSimulator { _, client in
      let text = "POST /api/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
      let bytes = try await client.exchange(text + "Content-Length: 12\r\n\r\n{\"name\":\"a\"}")
      let created = try TestClient.parse(bytes)
      #expect(created.status == 201)
      #expect(try created.json["name"]?.text?.hasPrefix("session_") == true)
      #expect(try await client.post("/api/sessions", "{nonsense").status == 400)
    }
  }

  @Test func `the list leaves out stopped sessions unless asked for all`() async throws {
    try await withSimulator { server, client in
      _ = try await client.post("/api/sessions", #"{"name":"idle"}"#)
      _ = try await client.post("/api/sessions", #"{"name":"bad","start":true}"#)
      server.setStatus("bad", to: "FAILED")
      let running = try await client.get("/api/sessions").json.items?.map { $0["name"]?.text }
      #expect(running == ["bad"])
      let all = try await client.get("/api/sessions?all=True").json.items?.map { $0["name"]?.text }
      #expect(all == ["idle", "bad"])
      #expect(try await client.get("/api/sessions?all=maybe").status == 400)
    }
  }

  @Test func `lifecycle calls answer as documented`() async throws {
    try await withSimulator { server, client in
      _ = try await client.post("/api/sessions", #"{"name":"a","start":true}"#)
      server.setStatus("a", to: "FAILED")
      let started = try await client.post("/api/sessions/a/start")
      #expect(started.status == 201)
      #expect(try started.json["status"]?.text == "FAILED")
      #expect(
        try await client.post("/api/sessions/a/restart").json["status"]?.text == "STARTING")
      server.setStatus("a", to: "WORKING")
      let stopped = try await client.post("/api/sessions/a/stop")
      #expect(stopped.status == 201)
      #expect(try stopped.json["status"]?.text == "STOPPED")
      #expect(try stopped.json["me"] != .null)
      #expect(try await client.get("/api/sessions/a/me").status == 404)
      let out = try await client.post("/api/sessions/a/logout")
      #expect(try out.json["status"]?.text == "STOPPED")
      #expect(try out.json["me"] == .null)
      server.setStatus("a", to: "WORKING")
      #expect(
        try await client.post("/api/sessions/a/logout").json["status"]?.text == "STARTING")
      let nobody = try await client.post("/api/sessions/b/stop")
      #expect(nobody.status == 201)
      #expect(nobody.body.readableBytes == 0)
      for call in ["start", "restart", "logout"] {
        #expect(try await client.post("/api/sessions/b/\(call)").status == 404)
      }
    }
  }

  @Test func `PUT replaces the config and restarts what runs`() async throws {
    try await withWorkingSession(.webjs, config: #"{"debug":true}"#) { _, client in
      let replaced = try await client.put(
        "/api/sessions/s", #"{"config":{"metadata":{"k":"v"}}}"#)
      #expect(replaced.status == 200)
      #expect(try replaced.json["status"]?.text == "STARTING")
      #expect(try replaced.json["config"]?.keys == ["metadata"])
      // Credentials are kept: this waits until it works again.
      #expect(try await client.get("/api/s/groups/count").status == 200)
    }
  }

  @Test func `operations on one session queue, and give up`() async throws {
    var timing = quickTiming()
    // Long enough for the second to come while the first is at work, however busy the machine is.
    timing.operation = .seconds(1)
    timing.lockWait = .milliseconds(20)
    let configuration = SimulatorConfiguration(engine: .webjs, timing: timing)
    try await withSimulator(configuration) { server, client in
      _ = try await client.post("/api/sessions", #"{"name":"a","start":true}"#)
      async let first = client.post("/api/sessions/a/restart")
      async let second = client.post("/api/sessions/a/restart")
      let answers = try await [first, second].sorted { $0.status < $1.status }
      #expect(answers.map(\.status) == [201, 500])
      let refused = try answers[1].json
      #expect(refused["exception"]?["message"]?.text == "async-lock timed out in queue a")
      #expect(refused["request"]?["path"]?.text == "/api/sessions/a/restart")
      #expect(refused["statusCode"] == 500)
      // A version without the limit lets the second wait its turn.
      server.setEngine(.webjs, version: ServerVersion(2025, 6, 2))
      async let third = client.post("/api/sessions/a/restart")
      async let fourth = client.post("/api/sessions/a/restart")
      #expect(try await [third.status, fourth.status] == [201, 201])
    }
  }

  @Test func `a wrong status is waited for, then refused`() async throws {
    var timing = quickTiming()
    timing.statusWait = .milliseconds(20)
    let configuration = SimulatorConfiguration(engine: .webjs, timing: timing)
    try await withSimulator(configuration) { server, client in
      _ = try await client.post("/api/sessions", #"{"name":"a"}"#)
      let refused = try await client.get("/api/a/auth/qr")
      #expect(refused.status == 422)
      #expect(try refused.json.keys.sorted() == ["error", "expected", "session", "status"])
      #expect(try refused.json["expected"] == ["SCAN_QR_CODE"])
      let unknown = try await client.get("/api/b/groups")
      #expect(unknown.status == 422)
      #expect(try unknown.json["error"]?.text == "Session \"b\" does not exist")
      server.setEngine(.webjs, version: ServerVersion(2024, 10, 8))
      #expect(try await client.get("/api/a/auth/qr").status == 404)
    }
  }
}
