import NIOCore
import NIOHTTP1
import Testing
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct WebhookTests {
  private func create(
    _ client: TestClient, _ config: String, name: String = "s", start: Bool = true
  ) async throws {
    let created = try await client.post(
      "/api/sessions", #"{"name":"\#(name)","config":\#(config),"start":\#(start)}"#)
    #expect(created.status == 201)
  }

  /// What became of the webhooks, once nothing is pending.
  private func settled(
    _ server: SimulatorServer, _ client: TestClient
  ) async throws -> (counters: WebhookCounters, pending: Int, deliveries: [DeliveryRecord]) {
    while server.webhooks().pending > 0 { _ = try await client.get("/ping") }
    return server.webhooks()
  }

  @Test func `a hook hears what history tells, and nothing else`() async throws {
    var timing = quickTiming()
    timing.firstCode = .milliseconds(20)
    timing.nextCode = .milliseconds(10)
    timing.codeCount = 3
    let configuration = SimulatorConfiguration(engine: .webjs, timing: timing)
    try await WebhookReceiver.with { receiver in
      try await withSimulator(configuration) { server, client in
        try await self.create(client, receiver.config())
        let life = try await receiver.next(5).map { try $0.json }
        _ = try await client.delete("/api/sessions/s")
        let events = try await life + receiver.next(1).map { try $0.json }
        let told = events.map { [$0["payload"]?["status"], $0["timestamp"]] }
          .sorted { ($0[1]?.integer ?? 0) < ($1[1]?.integer ?? 0) }
        let history = try #require(server.history(of: "s"))
        #expect(
          history.map(\.status) == [
            "STOPPED", "STARTING", "SCAN_QR_CODE", "SCAN_QR_CODE", "SCAN_QR_CODE", "FAILED",
            "STOPPED", nil,
          ])
        #expect(
          told
            == history[1...6].map { [.string($0.status ?? ""), .int($0.atMs)] })
        #expect(history.map(\.atMs) == history.map(\.atMs).sorted())
        #expect(try await self.settled(server, client).deliveries.count == 6)
      }
    }
  }

  @Test func `an event has the envelope, and what proves it`() async throws {
    let more = #"""
      ,"hmac":{"key":"a secret"},"customHeaders":[{"name":"X-Own","value":"mine"}]
      """#
    try await WebhookReceiver.with { receiver in
      try await withSimulator { server, client in
        let config = receiver.config(more).dropLast() + #","metadata":{"user.id":"123"}}"#
        try await self.create(client, String(config))
        let events = await receiver.next(2)
        server.scan("s")
        let working = try #require(await receiver.next(1).first)
        let json = try working.json
        #expect(
          json.keys == [
            "engine", "environment", "event", "id", "me", "metadata", "payload", "session",
            "timestamp",
          ])
        #expect(json["event"] == "session.status")
        #expect(json["session"] == "s")
        #expect(json["metadata"] == ["user.id": "123"])
        #expect(json["me"]?["id"]?.text == server.truth().owner.id)
        #expect(json["engine"] == "WEBJS")
        #expect(json["environment"]?["version"] == "2026.7.1")
        let id = try #require(json["id"]?.text)
        #expect(id.hasPrefix("evt_") && id.count == 30 && id == id.lowercased())
        let payload = try #require(json["payload"])
        #expect(payload["name"] == "s")
        #expect(payload["status"] == "WORKING")
        #expect(payload["data"] == .null)
        #expect(
          payload["statuses"]?.items?.map { $0["status"]?.text } == [
            "STARTING", "SCAN_QR_CODE", "WORKING",
          ])
        #expect(payload["statuses"]?.items?.last?["timestamp"] == json["timestamp"])
        let headers = working.headers
        #expect(working.path == "/hook?a=b")
        #expect(headers["content-type"] == ["application/json"])
        #expect(headers["user-agent"] == ["WAHA/2026.7.1"])
        #expect(headers["x-webhook-timestamp"] == [json["timestamp"]?.integer.map(String.init)])
        #expect(headers["x-webhook-hmac-algorithm"] == ["sha512"])
        #expect(headers["x-webhook-hmac"] == [WebhookKey("a secret").signature(of: working.body)])
        #expect(headers["x-own"] == ["mine"])
        let ids = Set((events + [working]).flatMap { $0.headers["x-webhook-request-id"] })
        #expect(ids.count == 3)
        let starting = try #require(
          try events.map { try $0.json }.first { $0["payload"]?["status"] == "STARTING" })
        #expect(starting["me"] == .null)
        #expect(
          starting["payload"]?["statuses"]?.items?.map { $0["status"]?.text } == [
            "STOPPED", "STARTING",
          ])
      }
    }
  }

  @Test func `an old version knows no ids, and says WORKING twice on WEBJS`() async throws {
    let configuration = SimulatorConfiguration(
      engine: .webjs, version: ServerVersion(2024, 10, 8), timing: quickTiming())
    try await WebhookReceiver.with { receiver in
      try await withSimulator(configuration) { server, client in
        try await self.create(client, receiver.config(), start: false)
        server.setStatus("s", to: "WORKING")
        for event in await receiver.next(2) {
          let json = try event.json
          #expect(json["id"] == nil)
          #expect(json["timestamp"] == nil)
          #expect(json["payload"]?.keys == ["name", "status"])
          #expect(json["payload"]?["status"] == "WORKING")
          #expect(event.headers["x-webhook-hmac"] == [])
        }
      }
    }
  }

  @Test(arguments: [(#"["*"]"#, 1), (#"["message","session.status"]"#, 1), (#"["message"]"#, 0)])
  func `only who asks for statuses is told`(events: String, count: Int) async throws {
    try await WebhookReceiver.with { receiver in
      try await withSimulator { server, client in
        try await self.create(client, receiver.config(events: events), start: false)
        server.setStatus("s", to: "FAILED")
        #expect(await receiver.next(count).count == count)
        let settled = try await self.settled(server, client)
        #expect(settled.deliveries.count == count)
      }
    }
  }

  @Test func `what fails is tried again, and stays the same`() async throws {
    let answers: [WebhookReceiver.Answer] = [
      .status(404), .drop, .status(503, ["Retry-After": "0"]), .status(204),
    ]
    try await WebhookReceiver.with(answer: { answers[min($0, 3)] }) { receiver in
      try await withSimulator { server, client in
        try await self.create(
          client, receiver.config(#","retries":{"delaySeconds":0.001}"#), start: false)
        server.setStatus("s", to: "FAILED")
        let tries = await receiver.next(4)
        #expect(Set(tries.flatMap { $0.headers["x-webhook-request-id"] }).count == 1)
        #expect(Set(tries.map(\.body)).count == 1)
        let settled = try await self.settled(server, client)
        #expect(settled.counters == WebhookCounters(sent: 4, delivered: 1, retried: 3))
        let record = try #require(settled.deliveries.first)
        #expect(record.attempts == 4)
        #expect(record.lastStatus == 204)
        #expect(record.state == .delivered)
        #expect(try tries[0].json["id"]?.text == record.id)
      }
    }
  }

  @Test func `what fails too often is given up`() async throws {
    try await WebhookReceiver.with(answer: { _ in .status(500) }) { receiver in
      try await withSimulator { server, client in
        try await self.create(
          client,
          receiver.config(#","retries":{"delaySeconds":0,"attempts":2,"policy":"linear"}"#),
          start: false)
        server.setStatus("s", to: "FAILED")
        #expect(await receiver.next(3).count == 3)
        let settled = try await self.settled(server, client)
        #expect(settled.counters == WebhookCounters(sent: 3, failed: 1, retried: 2))
      }
    }
  }

  @Test func `a receiver that says nothing gets the event again`() async throws {
    var timing = quickTiming()
    timing.webhookPatience = .milliseconds(50)
    let configuration = SimulatorConfiguration(engine: .webjs, timing: timing)
    try await WebhookReceiver.with(answer: { $0 == 0 ? .silence : .status(200) }) { receiver in
      try await withSimulator(configuration) { server, client in
        try await self.create(
          client, receiver.config(#","retries":{"delaySeconds":0}"#), start: false)
        server.setStatus("s", to: "FAILED")
        let tries = await receiver.next(2)
        #expect(
          tries[0].headers["x-webhook-request-id"] == tries[1].headers["x-webhook-request-id"])
      }
    }
  }

  @Test func `connections are used again, and their end does no harm`() async throws {
    try await WebhookReceiver.with(answer: { $0 == 1 ? .statusAndClose(200) : .status(200) }) {
      receiver in
      try await withSimulator { server, client in
        // One may be sent just when its connection closes.
        try await self.create(
          client, receiver.config(#","retries":{"delaySeconds":0}"#), start: false)
        var received: [WebhookReceiver.Received] = []
        for status in ["FAILED", "WORKING", "OTHER"] {
          server.setStatus("s", to: status)
          received += await receiver.next(1)
          _ = try await self.settled(server, client)
        }
        #expect(received[0].connection == received[1].connection)
        #expect(received[1].connection != received[2].connection)
        #expect(server.webhooks().counters.delivered == 3)
      }
    }
  }

  @Test func `a changed config moves the hook, from the next start on`() async throws {
    try await WebhookReceiver.with { old in
      try await WebhookReceiver.with { new in
        try await withSimulator { server, client in
          try await self.create(client, old.config(), start: false)
          server.setStatus("s", to: "WORKING")
          #expect(await old.next(1).count == 1)
          let replaced = try await client.put(
            "/api/sessions/s", #"{"config":\#(new.config())}"#)
          #expect(replaced.status == 200)
          #expect(try await old.next(1)[0].json["payload"]?["status"] == "STOPPED")
          let events = try await new.next(2).map { try $0.json["payload"]?["status"]?.text }
          #expect(Set(events) == ["STARTING", "WORKING"])
          _ = try await client.put("/api/sessions/s", #"{"config":{}}"#)
          #expect(try await new.next(1)[0].json["payload"]?["status"] == "STOPPED")
          #expect(try await self.settled(server, client).deliveries.count == 5)
        }
      }
    }
  }

  @Test func `a hook needs a URL`() async throws {
    try await withSimulator { _, client in
      let refused = try await client.post(
        "/api/sessions", #"{"name":"s","config":{"webhooks":[{"url":"ftp://x"}]}}"#)
      #expect(refused.status == 400)
      #expect(
        try refused.json["message"] == ["config.webhooks.0.url must be a URL address"])
    }
  }

  @Test func `events are doubled, lost, and not sent at all`() async throws {
    try await WebhookReceiver.with { receiver in
      try await withSimulator { server, client in
        try await self.create(client, receiver.config(), start: false)
        let doubled = #"{"duplicate":1,"dropEvery":2}"#
        #expect(try await client.put("/simulator/webhooks", doubled).status == 200)
        server.setStatus("s", to: "FAILED")
        let copies = try await receiver.next(2).map { try $0.json }
        #expect(copies[0] == copies[1])
        server.setStatus("s", to: "WORKING")
        _ = try await client.put("/simulator/webhooks", #"{"mode":"off"}"#)
        server.setStatus("s", to: "STOPPED")
        _ = try await client.put("/simulator/webhooks", "{}")
        server.setStatus("s", to: "OTHER")
        #expect(try await receiver.next(1)[0].json["payload"]?["status"] == "OTHER")
        _ = try await self.settled(server, client)
        let report = try await client.get("/simulator/webhooks").json
        #expect(report["sent"] == 3)
        #expect(report["delivered"] == 3)
        #expect(report["dropped"] == 1)
        #expect(report["pending"] == 0)
        let told = report["deliveries"]?.items?.map { [$0["status"], $0["state"]] }
        #expect(
          told == [
            ["FAILED", "delivered"], ["FAILED", "delivered"], ["WORKING", "dropped"],
            ["OTHER", "delivered"],
          ])
        #expect(report["deliveries"]?.items?[0]["lastStatus"] == 200)
        #expect(report["deliveries"]?.items?[0]["id"] == copies[0]["id"])
        _ = try await client.delete("/simulator/webhooks")
        #expect(try await client.get("/simulator/webhooks").json["deliveries"] == [])
        for form in [#"{"mode":"x"}"#, #"{"delayMs":-1}"#, #"{"duplicate":101}"#] {
          #expect(try await client.put("/simulator/webhooks", form).status == 400)
        }
      }
    }
  }

  @Test func `an event comes after the one that follows it`() async throws {
    try await WebhookReceiver.with { receiver in
      try await withSimulator { server, client in
        try await self.create(client, receiver.config(), start: false)
        _ = try await client.put("/simulator/webhooks", #"{"reorder":true,"delayMs":1}"#)
        for status in ["FAILED", "WORKING", "OTHER"] { server.setStatus("s", to: status) }
        let events = try await receiver.next(3).map { try $0.json["payload"]?["status"]?.text }
        // The last has none that follows it, and goes after a while.
        #expect(events == ["WORKING", "FAILED", "OTHER"])
      }
    }
  }

  @Test func `hooks of many sessions all hear of them`() async throws {
    try await WebhookReceiver.with { receiver in
      try await withSimulator { server, client in
        let names = (0..<600).map { "s\($0)" }
        for name in names {
          try await self.create(client, receiver.config(), name: name, start: false)
        }
        for name in names { server.setStatus(name, to: "WORKING") }
        let told = try await receiver.next(600).map { try $0.json["session"]?.text ?? "" }
        #expect(told.sorted() == names.sorted())
        let settled = try await self.settled(server, client)
        #expect(settled.counters == WebhookCounters(sent: 600, delivered: 600))
        // Started in order, whatever the order of arrival.
        #expect(settled.deliveries.map(\.session) == names)
      }
    }
  }
}
