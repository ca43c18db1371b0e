import Foundation
import TestKit
import Testing

/// What a server makes of a PostgreSQL server that goes and comes.
@Suite(
  .enabled(
    if: TestDatabase.isPostgres, "\(TestDatabase.variable) is not postgres: it runs on SQLite"),
  .timeLimit(.minutes(10)))
struct PostgresTests {
  /// The answer of the admin port, and its status after that.
  private func ask(_ path: String, _ deployment: Deployment) async throws -> String {
    try await Run(
      "curl", ["-sS", "-w", "%{http_code}", deployment.adminURL + path], in: deployment.folder
    ).output
  }

  @Test func `a database that is killed is unavailable until it is back, and loses nothing`()
    async throws
  {
    try await PostgresCluster.with { cluster in
      let database = TestDatabase.postgres(
        PostgresTestDatabase(name: "postgres", url: cluster.server.url))
      try await Deployment.with(isSpread: false, database: database) { deployment in
        let token = try await deployment.token(user: "alice").secret
        let name = try await deployment.link(token: token)
        for _ in 0..<2 {
          try await cluster.kill()
          let running = deployment
          try await eventually("the loss is noticed") {
            try await running.call("getWhatsAppSession", token: token).reason == "STORE_UNAVAILABLE"
          }
          for _ in 0..<10 {
            let answer = try await deployment.call("getWhatsAppSession", token: token)
            #expect(answer.status == 503)
            #expect(answer.reason == "STORE_UNAVAILABLE", "\(answer.body)")
          }
          try await eventually("it is not ready") {
            try await self.ask("/readyz", running).hasSuffix("503")
          }
          #expect(
            try await self.ask("/readyz", deployment).contains(
              #""database":"STORE_UNAVAILABLE""#))
          #expect(try await self.ask("/livez", deployment).hasSuffix("200"))
          try await cluster.start()
          try await eventually("it is used again") {
            try await running.call("getWhatsAppSession", token: token).json["sessionName"]?.text
              == name
          }
          try await eventually("it is ready") {
            try await self.ask("/readyz", running).hasSuffix("200")
          }
        }
        let log = deployment.server.output
        let password = try #require(deployment.database.password)
        #expect(!log.contains(password))
      }
    }
  }

  @Test func `a server that cannot reach its database says why in one line`() async throws {
    let server = try #require(PostgresServer.shared)
    var address = try #require(URLComponents(string: server.url))
    address.password = "hunter2"
    for (url, problem) in [
      (address.string, "SQLSTATE 28P01: the password is refused"),
      ("postgres://u:hunter2@127.0.0.1:1/x", "nobody listens there"),
    ] {
      for command in [["serve"], ["migrate"], ["token", "list"]] {
        let run = try await Run(
          "user-api-server", command, environment: ["DATABASE_URL": url ?? ""],
          in: FileManager.default.temporaryDirectory)
        #expect(run.status == 1)
        #expect(run.errors.hasPrefix("user-api-server: the database does not answer ("))
        #expect(run.errors.contains(problem), "\(run.errors)")
        #expect(run.errors.split(separator: "\n").count == 1)
        #expect(!run.errors.contains("hunter2"))
      }
    }
  }
}
