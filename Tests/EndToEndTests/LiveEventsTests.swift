import Foundation
import Testing

/// A session's whole life, as watchers see it, against what the simulator notes of it.
@Suite(.timeLimit(.minutes(10))) struct LiveEventsTests {
  /// How the webhooks go.
  struct Weather: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// Nil: the service has none registered.
    var steering: String?
    /// Whether others send webhooks as well.
    var isForged = false
    /// How long after WAHA had a code it is at the watcher at most, in milliseconds. Nil where nobody
    /// promises anything. Looked at only when `USER_API_TIMED_TESTS` is set, on a machine that has
    /// nothing else to do.
    var promise: Int?
    /// Whether webhooks reach the service, and whether some do not.
    var arrive = true
    var areLost = false
  }

  static let weathers = [
    Weather(testDescription: "none are registered", arrive: false),
    Weather(testDescription: "none come", steering: #"{"mode":"off"}"#, arrive: false),
    Weather(testDescription: "all come", steering: "{}", promise: 300),
    Weather(testDescription: "they are late", steering: #"{"delayMs":700}"#),
    Weather(testDescription: "they come three times", steering: #"{"duplicate":2}"#, promise: 300),
    Weather(testDescription: "they are out of order", steering: #"{"reorder":true}"#),
    Weather(
      testDescription: "every second is lost", steering: #"{"dropEvery":2}"#, areLost: true),
    Weather(testDescription: "others are forged", steering: "{}", isForged: true),
  ]

  private static let isTimed = ProcessInfo.processInfo.environment["USER_API_TIMED_TESTS"] != nil

  private static let timing = [
    // No code is the last, however slow the machine.
    "--start-delay", "3s", "--qr-first", "3s", "--qr-next", "3s", "--qr-count", "100",
  ]

  @Test(arguments: weathers)
  func `two watchers are told all that happens, once and in order`(weather: Weather) async throws {
    let port = Int.random(in: 20_000..<30_000)
    try await Deployment.with(
      simulator: Self.timing, server: ["--admin-listen", "127.0.0.1:\(port)"],
      environment: weather.steering == nil
        ? [:]
        : [
          "USER_API_WEBHOOK_URL": "http://127.0.0.1:\(port)",
          "USER_API_WEBHOOK_SECRET": Deployment.webhookSecret,
        ],
      // Each server has its own events.
      isSpread: false
    ) { deployment in
      if let steering = weather.steering {
        try await deployment.control("PUT", "webhooks", steering)
      }
      let forge = Forger(deployment, isAtWork: weather.isForged)
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.initiate(token: token)
      let session = #"{"sessionName":"\#(name)"}"#
      let watch = try deployment.watch(name, token: token)
      let foreign = try deployment.foreignWatch(name, token: token)
      _ = try await foreign.line { $0.contains("arrived") }

      try await watch.codes(2)
      try await forge.send(name, status: "WORKING")
      try await watch.codes(3)
      try await deployment.control("POST", "sessions/\(name)/scan")
      try await watch.event { $0.status == "WORKING" }
      try await forge.send(name, status: "FAILED")

      try await deployment.control(
        "POST", "sessions/\(name)/flap", #"{"statuses":["STARTING","FAILED"],"forMs":500}"#)
      let running = deployment
      try await eventually("the flap is over") {
        try await running.history(of: name).last?.status == "WORKING"
      }
      try await eventually("the session is known to work") {
        let answer = try await running.call("getSessionStatus", session, token: token)
        return answer.json["status"]?.text == "WORKING" && answer.json["stale"] == nil
      }
      try await deployment.control(
        "PUT", "sessions/\(name)/status", #"{"status":"FAILED"}"#)
      try await watch.event { $0.status == "FAILED" }
      try await forge.send(name, status: "WORKING")

      var acts = [wallClock()]
      let restart = try await deployment.call("restartSession", session, token: token)
      #expect(restart.body == #"{"success":true}"#)
      let restartedAt = acts[0]
      try await watch.event { $0.status == "WORKING" && $0.at > restartedAt }
      acts.append(wallClock())
      let logout = try await deployment.call("logoutSession", session, token: token)
      #expect(logout.body == #"{"success":true}"#)
      #expect(await watch.endOfOutput() == 0, "\(watch.output)")
      #expect(await foreign.endOfOutput() == 0, "\(foreign.output)")

      let history = try await deployment.history(of: name)
      let comparison = LiveComparison(history, acts: acts)
      let arrivals = foreign.arrivals
      #expect(comparison.problems(in: watch.events) == [], "\(acts), \(history)")
      #expect(comparison.problems(in: arrivals.map(\.event)) == [])
      self.compare(watch.events, arrivals.map(\.event))
      #expect(watch.events.filter { $0.code != nil }.count >= 3)
      // The stream was ended, and not lost.
      #expect(foreign.output.hasSuffix(#""flags": 2, "value": {}}"#))
      let webhooks = JSON(try await deployment.control("GET", "webhooks"))
      #expect((webhooks?["delivered"] != .number(0)) == weather.arrive)
      #expect((webhooks?["dropped"] != .number(0)) == weather.areLost)
      if let promise = weather.promise, Self.isTimed {
        let delays = comparison.delaysOfCodes(arrivals)
        #expect(delays.dropFirst().allSatisfy { $0 <= promise }, "\(delays)")
      }
    }
  }

  /// Two who watch the same see the same, from where the later began.
  private func compare(_ one: [LiveEvent], _ other: [LiveEvent]) {
    let start = max(one.first?.seq ?? 0, other.first?.seq ?? 0)
    let (one, other) = (one.filter { $0.seq >= start }, other.filter { $0.seq >= start })
    #expect(one.count == other.count)
    #expect(zip(one, other).allSatisfy { $0.tellsTheSame(as: $1) }, "\(one), \(other)")
  }

  /// Sends webhooks that WAHA did not.
  private struct Forger {
    private let deployment: Deployment
    private let isAtWork: Bool

    init(_ deployment: Deployment, isAtWork: Bool) {
      self.deployment = deployment
      self.isAtWork = isAtWork
    }

    /// - Parameter status: That the session does not have.
    func send(_ name: String, status: String) async throws {
      guard self.isAtWork else { return }
      func body(at time: Int) -> String {
        #"{"id":"evt_\#(UUID().uuidString)","timestamp":\#(time),"event":"session.status","#
          + #""session":"\#(name)","payload":{"status":"\#(status)"}}"#
      }
      let now = body(at: wallClock())
      let wrong = try await self.deployment.signature(of: now, secret: "another-secret-than-ours")
      #expect(try await self.deployment.postWebhook(now, hmac: wrong) == 401)
      #expect(try await self.deployment.postWebhook(now, hmac: nil) == 401)
      // One with the right signature, of a time long ago.
      let old = body(at: wallClock() - 3_600_000)
      let oldSignature = try await self.deployment.signature(of: old)
      #expect(try await self.deployment.postWebhook(old, hmac: oldSignature) == 400)
      // One that is good in itself, but not so; and once more, by somebody who has seen it.
      let signature = try await self.deployment.signature(of: now)
      for _ in 0..<2 {
        #expect(try await self.deployment.postWebhook(now, hmac: signature) == 200)
      }
    }
  }
}
