import Foundation
import Testing

/// Watches that go on where they were.
@Suite(.timeLimit(.minutes(10))) struct ResumeTests {
  private static let timing = [
    "--start-delay", "3s", "--qr-first", "3s", "--qr-next", "3s", "--qr-count", "100",
  ]

  @Test func `what a killed watcher had and what it has after is all, once`() async throws {
    try await Deployment.with(simulator: Self.timing, isSpread: false) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.initiate(token: token)
      let other = try deployment.watch(name, token: token)
      var watch = try deployment.watch(name, token: token)
      var events: [LiveEvent] = []
      let running = deployment
      /// Kills the watch once it has printed such an event, and begins another behind its last.
      func goOn(
        _ event: (Program) async throws -> Void, meanwhile: () async throws -> Void
      ) async throws {
        try await event(watch)
        watch.signal(SIGKILL)
        _ = await watch.endOfOutput()
        events += watch.events
        try await meanwhile()
        watch = try running.watch(name, token: token, after: events.last?.seq)
      }
      try await goOn({ try await $0.codes(1) }) { try await other.codes(3) }
      try await goOn({ try await $0.codes(2) }) {
        try await running.control("POST", "sessions/\(name)/scan")
        try await other.event { $0.status == "WORKING" }
      }
      // One that missed nothing is told nothing again.
      try await goOn({ try await $0.event { $0.status == "WORKING" } }) {}
      let actedAt = wallClock()
      _ = try await running.call(
        "logoutSession", #"{"sessionName":"\#(name)"}"#, token: token)
      #expect(await watch.endOfOutput() == 0, "\(watch.output)")
      #expect(await other.endOfOutput() == 0, "\(other.output)")
      events += watch.events

      let comparison = LiveComparison(
        try await deployment.history(of: name), acts: [actedAt])
      #expect(comparison.problems(in: events) == [])
      #expect(comparison.problems(in: other.events) == [])
      // One that comes when the session is logged out already is told no more than that.
      let start = max(events.first?.seq ?? 0, other.events.first?.seq ?? 0)
      func shared(_ events: [LiveEvent]) -> [Int] {
        events.filter { $0.seq >= start && $0.at < actedAt }.map(\.seq)
      }
      #expect(shared(events) == shared(other.events))
    }
  }

  @Test func `an event that nobody knows any more gives the state now, and says so`() async throws {
    try await Deployment.with { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.link(token: token)
      let watch = try deployment.watch(name, token: token, after: 1)
      try await watch.event { $0.reason == "SEQUENCE_EXPIRED" && $0.status == "WORKING" }
      _ = try await deployment.call(
        "logoutSession", #"{"sessionName":"\#(name)"}"#, token: token)
      #expect(await watch.endOfOutput() == 0)
      #expect(watch.events.first?.reason == "SEQUENCE_EXPIRED")
    }
  }

  @Test(arguments: [SIGTERM, SIGKILL])
  func `what happens while the server is away is known when it is back`(
    signal: Int32
  ) async throws {
    let listen = ["--listen", "127.0.0.1:\(Int.random(in: 20_000..<30_000))"]
    try await Deployment.with(simulator: Self.timing, server: listen, isSpread: false) {
      deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.initiate(token: token)
      let watch = try deployment.watch(name, token: token)
      try await watch.codes(2)
      let leftAt = wallClock()
      deployment.server.signal(signal)
      await deployment.server.end()
      try await deployment.control("POST", "sessions/\(name)/scan")
      let backAt = wallClock()
      try await deployment.restartServer(listen)
      try await watch.event { $0.status == "WORKING" }
      let status = try await deployment.call(
        "getSessionStatus", #"{"sessionName":"\#(name)"}"#, token: token)
      #expect(status.json["status"]?.text == "WORKING", "\(status.body)")
      var acts = [wallClock()]
      _ = try await deployment.call(
        "restartSession", #"{"sessionName":"\#(name)"}"#, token: token)
      let restartedAt = acts[0]
      try await watch.event { $0.status == "WORKING" && $0.at > restartedAt }
      acts.append(wallClock())
      _ = try await deployment.call(
        "logoutSession", #"{"sessionName":"\#(name)"}"#, token: token)
      #expect(await watch.endOfOutput() == 0, "\(watch.output)")

      let history = try await deployment.history(of: name)
      let events = watch.events
      #expect(zip(events, events.dropFirst()).allSatisfy { $0.seq < $1.seq })
      let before = events.filter { $0.at < backAt }
      let after = events.filter { $0.at >= backAt }
      #expect(LiveComparison(history, until: leftAt).problems(in: before) == [])
      #expect(LiveComparison(history, acts: acts).problems(in: after) == [])
      #expect(after.first?.reason == "SEQUENCE_EXPIRED")
    }
  }
}
