internal import NIOCore
internal import NIOHTTP1

/// The port of probes, scrapers and WAHA's webhooks.
enum AdminPort {
  /// Probes and scrapers are few, and a webhook is answered at once. What comes over that, such as a
  /// WAHA that tells of hundreds of sessions, waits in the kernel for others to end.
  private static let listening = Listener.Configuration(
    limits: ConnectionGate.Limits(connections: 256, connectionsPerAddress: nil), backlog: 4_096)

  static func bind(
    _ address: ListenAddress, group: any EventLoopGroup, routes: AdminRoutes
  ) async throws -> Listener {
    try await Listener.bind(address, group: group, configuration: Self.listening) { channel in
      try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
      try channel.pipeline.syncOperations.addHandler(AdminHandler(routes: routes))
    }
  }
}
