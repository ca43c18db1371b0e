import NIOCore
import Testing
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct ServerEndpointTests {
  @Test func `the key is asked for everywhere but at ping`() async throws {
    var configuration = SimulatorConfiguration(engine: .webjs, timing: quickTiming())
    configuration.apiKey = "secret"
    try await withSimulator(configuration) { server, client in
      for path in ["/api/sessions", "/health", "/api/nothing"] {
        let refused = try await client.get(path)
        #expect(refused.status == 401)
        #expect(try refused.json == ["message": "Unauthorized", "statusCode": 401])
      }
      #expect(try await client.get("/ping").json == ["message": "pong"])
      #expect(try await client.get("/api/sessions?x-api-key=secret").status == 200)
      let wrong = TestClient(port: server.port, key: "wrong")
      #expect(try await wrong.get("/api/sessions").status == 401)
      let right = TestClient(port: server.port, key: "secret")
      #expect(try await right.get("/api/sessions").text == "[]")
      server.setEngine(.webjs, version: ServerVersion(2026, 1, 4))
      #expect(try await client.get("/api/sessions?x-api-key=secret").status == 401)
    }
  }

  @Test func `the server tells about itself`() async throws {
    try await withSimulator { server, client in
      let version = try await client.get("/api/server/version")
      #expect(version.headers["content-type"] == "application/json; charset=utf-8")
      #expect(try version.json["version"]?.text == "2026.7.1")
      #expect(try version.json["browser"]?.text != nil)
      server.setEngine(.gows)
      let twin = try await client.get("/api/version").json
      #expect(twin["engine"]?.text == "GOWS")
      #expect(twin["browser"] == .null)
      let status = try await client.get("/api/server/status").json
      #expect(status["startTimestamp"]?.integer != nil)
      #expect(try await client.get("/health").json["status"]?.text == "ok")
    }
  }

  @Test func `an unknown route and a broken escape`() async throws {
    try await withSimulator { _, client in
      let unknown = try await client.get("/api/x")
      #expect(unknown.status == 404)
      #expect(try unknown.json["message"]?.text == "Cannot GET /api/x")
      #expect(try await client.get("/api/sessions/%zz").status == 400)
      // An escaped slash stays within its segment.
      #expect(try await client.get("/api/sessions/%2e%2e%2fserver").status == 404)
    }
  }

  @Test func `requests on one connection are answered in order, and an unused one closes`()
    async throws
  {
    var configuration = SimulatorConfiguration(engine: .webjs, timing: quickTiming())
    configuration.timing.keepAlive = .milliseconds(30)
    try await withSimulator(configuration) { _, client in
      let request = "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"
      // Returns because the server closes.
      let text = String(buffer: try await client.exchange(request + request))
      #expect(text.split(separator: #"{"message":"pong"}"#).count == 2)
      #expect(text.contains("\r\nConnection: keep-alive\r\nKeep-Alive: timeout="))
    }
  }

  @Test func `requests are recorded raw, control calls are not`() async throws {
    try await withSimulator { server, client in
      _ = try await client.get("/api/server/environment?all=true")
      _ = try await client.post("/api/server/stop")
      _ = try await client.get("/api/sessions/a%20b")
      let recorded = server.requests()
      #expect(
        recorded.map(\.path) == [
          "/api/server/environment?all=true", "/api/server/stop", "/api/sessions/a%20b",
        ])
      #expect(recorded.map(\.status) == [200, 201, 404])
      let listed = try await client.get("/simulator/requests").json.items
      #expect(listed?.count == 3)
      #expect(listed?[2]["path"]?.text == "/api/sessions/a%20b")
      let count = try await client.get("/simulator/requests/count?method=GET&path=/api/server")
      #expect(try count.json["count"] == 1)
      _ = try await client.delete("/simulator/requests")
      #expect(server.requests().isEmpty)
      #expect(server.requestCount().requests == 0)
    }
  }

  @Test func `a peer that leaves before its answer is counted`() async throws {
    try await withSimulator { server, client in
      server.addFault(Fault(.hang, path: "/ping"))
      let (channel, _) = try await client.open()
      try await channel.writeAndFlush(ByteBuffer(string: "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"))
      while server.requestCount().requests == 0 { _ = try await client.get("/simulator/requests") }
      #expect(server.requestCount(path: "/ping").aborted == 0)
      try await channel.close().get()
      while server.requestCount().aborted == 0 { _ = try await client.get("/simulator/requests") }
      #expect(server.requests().map(\.isAborted) == [true])
      #expect(server.requests().map(\.status) == [nil])
    }
  }
}
