import Foundation
import Testing

/// What a container's HEALTHCHECK runs, against the real programs.
@Suite struct HealthTests {
  @Test func `a server that runs is well, and one that was killed is not`() async throws {
    try await Deployment.with(isSpread: false) { deployment in
      let admin = String(deployment.adminURL.dropFirst("http://".count))
      let folder = deployment.folder
      func health(_ arguments: String...) async throws -> Run {
        try await Run(
          "user-api-server", ["health"] + arguments,
          environment: ["USER_API_ADMIN_LISTEN": admin], in: folder)
      }
      let live = try await health()
      #expect(live.status == 0, "\(live.errors)")
      #expect(live.output == "ok\n")
      let ready = try await health("--ready")
      #expect(ready.status == 0, "\(ready.errors)")
      #expect(JSON(ready.output)?["status"]?.text == "ready")
      let port = admin.split(separator: ":").last.map(String.init) ?? ""
      #expect(try await health("--ready", "--admin-listen", "0.0.0.0:\(port)").status == 0)

      deployment.server.signal(SIGKILL)
      await deployment.server.end()
      let gone = try await health("--ready")
      #expect(gone.status == 1)
      #expect(gone.output.isEmpty)
      #expect(gone.errors == "user-api-server: \(admin) cannot be reached\n")
    }
  }

  @Test func `an admin port on a socket is asked there`() async throws {
    try await Deployment.with { deployment in
      let path = deployment.folder.appending(path: "admin.sock").path
      let server = try Program(
        "user-api-server",
        ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "unix:\(path)"],
        environment: [
          "WAHA_API_URL": deployment.simulatorURL, "DATABASE_URL": "sqlite:other.db",
        ], in: deployment.folder)
      _ = try await server.line { $0.contains(" listening") && !$0.contains("admin") }
      let health = try await Run(
        "user-api-server", ["health", "--ready"],
        environment: ["USER_API_ADMIN_LISTEN": "unix:\(path)"], in: deployment.folder)
      server.signal(SIGTERM)
      #expect(await server.end() == 0)
      #expect(health.status == 0, "\(health.errors)")
    }
  }

  @Test func `a bad setting is named`() async throws {
    let run = try await Run(
      "user-api-server", ["health", "--admin-listen", "9090"],
      in: FileManager.default.temporaryDirectory)
    #expect(run.status == 78)
    #expect(run.errors.hasPrefix("user-api-server: USER_API_ADMIN_LISTEN: "))
  }

  @Test func `a simulator is asked in the same way`() async throws {
    try await Deployment.with { deployment in
      let well = try await Run(
        "waha-simulator", ["--health", deployment.simulatorURL], in: deployment.folder)
      #expect(well.status == 0, "\(well.errors)")
      deployment.simulator.signal(SIGKILL)
      await deployment.simulator.end()
      let gone = try await Run(
        "waha-simulator", ["--health", deployment.simulatorURL], in: deployment.folder)
      #expect(gone.status == 1)
      #expect(gone.output.hasSuffix("cannot be reached\n"))
      let wrong = try await Run("waha-simulator", ["--health", "x"], in: deployment.folder)
      #expect(wrong.status == 64)
    }
  }
}
