import NIOCore
import Testing
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct FaultTests {
  @Test func `a fault serves its count and is gone`() async throws {
    try await withSimulator { _, client in
      let added = try await client.post(
        "/simulator/faults",
        #"{"path":"/api/*/groups","exception":{"message":"rate-overlimit","data":429},"count":2}"#)
      #expect(added.status == 200)
      for _ in 0..<2 {
        let answer = try await client.get("/api/s/groups?limit=1")
        #expect(answer.status == 500)
        #expect(try answer.json["exception"]?["data"] == 429)
        #expect(try answer.json["request"]?["query"]?["limit"]?.text == "1")
      }
      #expect(try await client.get("/api/s/groups").status == 422)
    }
  }

  @Test func `the first fault that matches holds`() async throws {
    try await withSimulator { server, client in
      server.addFault(Fault(.status(418), method: "POST", path: "/api"))
      server.addFault(Fault(.status(503), path: "/api/sessions"))
      server.addFault(Fault(.status(200, body: "[1]"), path: "/api"))
      #expect(try await client.post("/api/sessions").status == 418)
      let proxy = try await client.get("/api/sessions/a")
      #expect(proxy.status == 503)
      #expect(proxy.headers["content-type"] == "text/html; charset=utf-8")
      let made = try await client.get("/api/version")
      #expect(made.text == "[1]")
      #expect(made.headers["content-type"] == "application/json; charset=utf-8")
      server.clearFaults()
      #expect(try await client.get("/api/version").json["engine"]?.text == "WEBJS")
    }
  }

  @Test(arguments: [
    ("/api/*/groups", "/api/s/groups", true), ("/api/*/groups", "/api/s/groups/refresh", false),
    ("/api/*/groups", "/api/groups", false), ("/api/s", "/api/sessions/x", true),
    ("/api/x", "/api/sessions", false), ("/*/sessions", "/api/sessions", true),
  ])
  func `a path pattern is a beginning, or fits whole with a star`(
    pattern: String, path: String, matches: Bool
  ) async throws {
    try await withSimulator { server, client in
      server.addFault(Fault(.status(418), path: pattern))
      let isCaught = try await client.get(path + "?q=1").status == 418
      #expect(isCaught == matches)
    }
  }

  @Test func `an answer asks for a pause`() async throws {
    try await withSimulator { _, client in
      _ = try await client.post(
        "/simulator/faults", #"{"path":"/ping","status":503,"retryAfter":"7"}"#)
      let answer = try await client.get("/ping")
      #expect(answer.status == 503)
      #expect(answer.headers["retry-after"] == "7")
      #expect(try await client.get("/health").headers["retry-after"] == nil)
    }
  }

  @Test func `an answer is cut short`() async throws {
    try await withSimulator { server, client in
      server.addFault(Fault(path: "/ping", truncateAfter: 5))
      let answer = try await client.get("/ping")
      #expect(answer.headers["content-length"] == "18")
      #expect(answer.text == #"{"mes"#)
    }
  }

  @Test func `a connection is dropped without a word`() async throws {
    try await withSimulator { server, client in
      server.addFault(Fault(.drop, count: 1))
      let received = try await client.exchange("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(received.readableBytes == 0)
      #expect(server.requestCount().aborted == 0)
    }
  }

  @Test func `latency alone delays the real answer`() async throws {
    try await withSimulator { _, client in
      _ = try await client.post("/simulator/faults", #"{"latencyMs":40}"#)
      let start = ContinuousClock.now
      #expect(try await client.get("/ping").json == ["message": "pong"])
      #expect(ContinuousClock.now - start >= .milliseconds(40))
    }
  }

  @Test func `a redirect points elsewhere`() async throws {
    try await withSimulator { _, client in
      _ = try await client.post("/simulator/faults", #"{"redirect":"http://other/"}"#)
      let answer = try await client.get("/ping")
      #expect(answer.status == 302)
      #expect(answer.headers["location"] == "http://other/")
    }
  }

  @Test func `a form that makes no sense is refused`() async throws {
    try await withSimulator { _, client in
      let refused = try await client.post("/simulator/faults", #"{"count":"many"}"#)
      #expect(refused.status == 400)
    }
  }
}
