internal import NIOCore
internal import NIOPosix

/// A bound port and the connections that came through it.
final class Listener: Sendable {
  private let channel: any Channel

  /// Binds `address`; a socket file that a killed server left behind is replaced.
  ///
  /// - Parameter initialise: Sets up each connection, on its event loop.
  static func bind(
    _ address: ListenAddress, group: any EventLoopGroup,
    initialise: @escaping @Sendable (any Channel) throws -> Void
  ) async throws -> Listener {
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1_024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try initialise(channel) }
      }
    let channel =
      switch address {
      case .tcp(let host, let port):
        try await bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
          .bind(host: host, port: port).get()
      case .unix(let path):
        try await bootstrap.bind(
          unixDomainSocketPath: path, cleanupExistingSocketFile: true
        ).get()
      }
    return Listener(channel: channel)
  }

  private init(channel: any Channel) {
    self.channel = channel
  }

  /// Where it listens, with the real port when any was asked for.
  var address: String {
    switch self.channel.localAddress {
    case .some(.unixDomainSocket): "unix:\(self.channel.localAddress?.pathname ?? "")"
    case .some(.v6(let address)): "[\(address.host)]:\(self.channel.localAddress?.port ?? 0)"
    case .some(let address): "\(address.ipAddress ?? ""):\(address.port ?? 0)"
    case .none: ""
    }
  }

  /// Takes no more connections.
  func close() async throws {
    try await self.channel.close().get()
  }
}
