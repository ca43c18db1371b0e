internal import ArgumentParser
internal import FoundationEssentials
internal import NIOCore
internal import NIOPosix
internal import WAHASimulator

@main
struct WAHASimulatorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "waha-simulator",
    abstract: "A stand-in for WAHA, the WhatsApp HTTP API, for demos, tests and load tests.",
    discussion: """
      Durations are a number and a unit: 200ms, 3s, 5m, 1h, 1d. Sessions send session.status \
      webhooks to the http:// URLs in their config.

      Control calls live under /simulator; README.md says what they take:
        POST, DELETE /simulator/faults
        GET, DELETE /simulator/requests; GET /simulator/requests/count
        PUT /simulator/engine
        GET, PUT /simulator/address-book
        GET, PUT, DELETE /simulator/webhooks
        GET, DELETE /simulator/sessions; DELETE /simulator/sessions/{name}
        POST /simulator/sessions/{name}/scan, /pair, /flap
        PUT /simulator/sessions/{name}/status, /dead
        GET /simulator/sessions/{name}/history
      """)

  @OptionGroup var options: Options

  func run() async throws {
    if let probe = self.options.health.flatMap({ HealthProbe($0) }) {
      try await Self.report(probe)
    } else {
      try await self.serve()
    }
  }

  /// Says in one line how a simulator is.
  private static func report(_ probe: HealthProbe) async throws {
    do {
      print(try await probe.ask())
    } catch {
      print("\(error)")
      throw ExitCode.failure
    }
  }

  private func serve() async throws {
    let configuration = try self.options.configuration(
      environment: ProcessInfo.processInfo.environment)
    let signals = StopSignals()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
    let server = try await SimulatorServer.start(configuration, group: group)
    let address = ListenAddress(host: configuration.host, port: server.port)
    print(
      "waha-simulator listening on http://\(address) "
        + "(\(configuration.engine.rawValue) \(configuration.version))")
    // Whoever reads a pipe waits for this line.
    fflush(nil)
    await signals.first()
    try await server.shutdown()
    try await group.shutdownGracefully()
  }
}
