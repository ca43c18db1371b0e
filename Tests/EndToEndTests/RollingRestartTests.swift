import Foundation
import Testing
import UserAPI

/// A new version is brought out: the servers are stopped and started one after the other.
@Suite struct RollingRestartTests {
  /// Below the ports that the system gives to outgoing connections: while a server is away, a
  /// client that looks for it must not be given its port.
  private static let ports = 20_000..<30_000

  /// Starts a server on a port that is free.
  private func start(
    _ deployment: inout Deployment
  ) async throws -> (server: Program, address: String) {
    for _ in 0..<20 {
      let address = "127.0.0.1:\(Int.random(in: Self.ports))"
      do {
        return (try await deployment.startAnother(Self.arguments(address)).server, address)
      } catch let failure as Program.Failure
        where failure.description.localizedCaseInsensitiveContains("in use")
      {
        continue
      }
    }
    throw Program.Failure(description: "no port is free")
  }

  private static func arguments(_ address: String) -> [String] {
    ["--listen", address, "--log-level", "info", "--status-max-age", "1s"]
  }

  @Test func `two servers that are restarted in turn lose no call`() async throws {
    try await Deployment.with(isSpread: false) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.link(token: token)
      var servers = [try await self.start(&deployment), try await self.start(&deployment)]
      let caller = try RetryingCaller(
        addresses: servers.map(\.address), token: token, session: name)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for worker in 0..<16 {
          group.addTask { await caller.run(beginningAt: worker) }
        }
        defer { caller.stop() }
        await caller.finishedCalls(1_000)
        for index in servers.indices {
          servers[index].server.signal(SIGTERM)
          #expect(await servers[index].server.end() == 0)
          await caller.finishedCalls(500)
          servers[index].server = try await deployment.startAnother(
            Self.arguments(servers[index].address)
          ).server
          // Enough for both to have their share again.
          await caller.finishedCalls(1_000)
        }
        for server in servers { #expect(server.server.isRunning) }
      }
      let tally = caller.tally
      #expect(tally.lost.isEmpty)
      #expect(tally.finished >= 4_000)
      print("rolling restart: \(tally.finished) calls, \(tally.retried) of them tried again")
      await caller.close()
    }
  }
}
