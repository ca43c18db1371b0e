import Foundation
import TestKit
import Testing

/// What two servers over one PostgreSQL share.
@Suite(
  .enabled(
    if: TestDatabase.isPostgres, "\(TestDatabase.variable) is not postgres: it runs on SQLite"),
  .timeLimit(.minutes(10)))
struct ReplicaTests {
  /// What a server has heard of a session it says for as long as it may.
  private static let arguments = ["--status-max-age", "1s"]

  /// Runs `body` with a deployment, its second server, and the addresses of both.
  private func withPair(
    simulator: [String] = [], environment: [String: String] = [:], server: [String] = [],
    _ body: (inout Deployment, Program, [String]) async throws -> Void
  ) async throws {
    try await Deployment.with(
      simulator: simulator, server: server, environment: environment, isSpread: false
    ) { deployment in
      let other = try await deployment.startAnother(Self.arguments)
      try await body(&deployment, other.server, [deployment.url, other.url])
    }
  }

  private func status(
    _ name: String, _ deployment: Deployment, token: String, at url: String
  ) async throws -> String? {
    try await deployment.call(
      at: url, "getSessionStatus", #"{"sessionName":"\#(name)"}"#, token: token
    ).json["status"]?.text
  }

  @Test func `what WAHA tells one server the other knows, too`() async throws {
    let port = Int.random(in: 20_000..<30_000)
    try await self.withPair(
      environment: [
        "USER_API_WEBHOOK_URL": "http://127.0.0.1:\(port)",
        "USER_API_WEBHOOK_SECRET": Deployment.webhookSecret,
      ], server: ["--admin-listen", "127.0.0.1:\(port)"]
    ) { deployment, _, urls in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.initiate(token: token)
      let running = deployment
      try await eventually("the other says that it is to be scanned") {
        try await self.status(name, running, token: token, at: urls[1]) == "SCAN_QR_CODE"
      }
      // Nobody does anything at either server: only WAHA's webhook tells of it, and only one of them.
      _ = try await deployment.control("POST", "sessions/\(name)/scan")
      try await eventually("the other says that it works") {
        try await self.status(name, running, token: token, at: urls[1]) == "WORKING"
      }
    }
  }

  @Test func `what one server does to a session the other knows`() async throws {
    try await self.withPair { deployment, _, urls in
      let token = try await deployment.token(user: "alice").secret
      let session = #"{"sessionName":"\#(try await deployment.link(token: token))"}"#
      let running = deployment
      try await eventually("the other says that it works") {
        try await running.call(at: urls[1], "getSessionStatus", session, token: token)
          .json["status"]?.text == "WORKING"
      }
      let gone = try await deployment.call(at: urls[0], "logoutSession", session, token: token)
      #expect(gone.status == 200, "\(gone.body)")
      try await eventually("the other says that it is gone") {
        try await running.call(at: urls[1], "getSessionStatus", session, token: token).reason
          == "SESSION_MISSING_UPSTREAM"
      }
    }
  }

  @Test func `a token that is taken back is refused by all`() async throws {
    try await self.withPair { deployment, _, urls in
      let token = try await deployment.token(user: "alice")
      for url in urls {
        let answer = try await deployment.call(at: url, "getWhatsAppSession", token: token.secret)
        #expect(answer.status == 200)
      }
      try await deployment.revoke(token.id)
      let running = deployment
      for url in urls {
        try await eventually("it is refused") {
          try await running.call(at: url, "getWhatsAppSession", token: token.secret).reason
            == "TOKEN_REVOKED"
        }
      }
    }
  }

  @Test func `a user who begins at both servers at once has one session`() async throws {
    try await self.withPair(simulator: ["--operation-time", "50ms"]) { deployment, _, urls in
      let running = deployment
      for number in 0..<5 {
        let token = try await deployment.token(user: "user-\(number)").secret
        let names = try await withThrowingTaskGroup(of: String?.self) { group in
          for index in 0..<6 {
            group.addTask {
              try await running.call(at: urls[index % 2], "initiateWhatsAppSession", token: token)
                .json["sessionName"]?.text
            }
          }
          return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(names.count == 1 && !names.contains(nil), "\(names)")
      }
      #expect(try await deployment.upstreamSessions().count == 5)
    }
  }

  @Test func `what a server was doing that is killed another can do`() async throws {
    try await self.withPair(simulator: ["--operation-time", "1s"]) { deployment, other, urls in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.link(token: token)
      let session = #"{"sessionName":"\#(name)"}"#
      let running = deployment
      let killed = Task {
        try await Run(
          "curl",
          [
            "--http2-prior-knowledge", "-sS", "-H", "authorization: Bearer \(token)", "-H",
            "content-type: application/json", "-d", session,
            urls[1] + "/user.v1.User/logoutSession",
          ], in: running.folder)
      }
      try await eventually("WAHA is at it") {
        try await running.requestCount("/api/sessions/\(name)/logout", method: "POST") > 0
      }
      other.signal(SIGKILL)
      await other.end()
      #expect(try await killed.value.status != 0)
      let answer = try await deployment.call(at: urls[0], "logoutSession", session, token: token)
      #expect(answer.status == 200, "\(answer.body)")
      #expect(try await deployment.upstreamSessions() == [])
    }
  }
}
