internal import ArgumentParser
internal import Foundation
internal import UserAPIServer

struct HealthCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health",
    abstract: "Ask the server on this machine how it is.",
    discussion: """
      Prints one line, and ends with 0 when the server is well, or with 1 when it is not, cannot be \
      reached or does not answer within 2 s. It is what a container's HEALTHCHECK runs.
      """)

  @Flag(help: "Ask whether it can serve calls (/readyz), not only whether it runs (/livez).")
  var ready = false

  @Option(
    help: """
      Where its admin port is, as the server was told: every address of the machine stands for \
      loopback. (env: USER_API_ADMIN_LISTEN; default: 127.0.0.1:9090)
      """)
  var adminListen: String?

  func run() async throws {
    try await Failure.reporting {
      let check = try HealthCheck(
        flags: self.adminListen.map { ["USER_API_ADMIN_LISTEN": $0] } ?? [:],
        environment: ProcessInfo.processInfo.environment)
      print(try await check.ask(self.ready ? .ready : .live))
    }
  }
}
