package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOConcurrencyHelpers

/// A running simulator: binds, serves, and can be steered from within the process.
package final class SimulatorServer: Sendable {
  let simulator: Simulator
  private let listener: any Channel
  private let connections: Connections

  /// The port it listens on.
  package let port: Int

  /// Binds the configured address and nothing else.
  /// - Parameters:
  ///   - configuration: What to simulate.
  ///   - group: Runs the connections. Must be of NIOPosix, and must outlive the server.
  /// - Throws: `IOError` when the address cannot be bound.
  package static func start(
    _ configuration: SimulatorConfiguration, group: any EventLoopGroup
  ) async throws -> SimulatorServer {
    let courier = WebhookCourier(
      eventLoop: group.next(), patience: configuration.timing.webhookPatience)
    let simulator = Simulator(configuration, timer: group.next(), courier: courier)
    let connections = Connections()
    let listener = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          connections.add(channel)
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(HTTPHandler(simulator: simulator))
        }
      }
      .bind(host: configuration.host, port: configuration.port).get()
    return SimulatorServer(simulator, listener: listener, connections: connections)
  }

  private init(_ simulator: Simulator, listener: any Channel, connections: Connections) {
    self.simulator = simulator
    self.listener = listener
    self.connections = connections
    self.port = listener.localAddress?.port ?? 0
  }

  /// Stops listening and closes every connection. The group stays.
  package func shutdown() async throws {
    try await self.listener.close().get()
    self.simulator.stopWaiting()
    try await self.simulator.courier.shutdown()
    try await self.connections.closeAll()
  }
}
