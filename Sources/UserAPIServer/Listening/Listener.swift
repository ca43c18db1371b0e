internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

/// A bound port and the connections that came through it.
final class Listener: Sendable {
  /// How a port takes its connections.
  struct Configuration: Sendable {
    var limits: ConnectionGate.Limits
    /// How many connections wait in the kernel to be accepted, if it allows as many.
    var backlog: Int32 = 1_024
    /// What a connection from an address with too many of them gets before it is closed.
    var refusal: ByteBuffer?
    /// Hears of every limit that is met.
    var onLimit: @Sendable (GateLimit) -> Void = { _ in }
  }

  /// How many refused connections at a time get their answer. More are closed without.
  private static let maxRefusals = 64

  private struct State {
    var gate: ConnectionGate
    /// Connections that were refused and have not been set up yet.
    var refused: Set<ObjectIdentifier> = []
    var refusals = 0
    var channel: (any Channel)?
  }

  private let configuration: Configuration
  private let state: NIOLockedValueBox<State>

  /// Binds `address`; a socket file that a killed server left behind is replaced.
  ///
  /// - Parameter initialise: Sets up each connection, on its event loop.
  static func bind(
    _ address: ListenAddress, group: any EventLoopGroup, configuration: Configuration,
    initialise: @escaping @Sendable (any Channel) throws -> Void
  ) async throws -> Listener {
    let listener = Listener(configuration: configuration)
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: configuration.backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptObserver(listener: listener))
        }
      }
      .childChannelOption(.writeBufferWaterMark, value: .init(low: 16 << 10, high: 32 << 10))
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if listener.isRefused(channel) {
            try channel.pipeline.syncOperations.addHandler(listener.makeRefusal(of: channel))
          } else {
            try initialise(channel)
          }
        }
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
    listener.state.withLockedValue { $0.channel = channel }
    listener.applyGate()
    return listener
  }

  private init(configuration: Configuration) {
    self.configuration = configuration
    self.state = NIOLockedValueBox(State(gate: ConnectionGate(limits: configuration.limits)))
  }

  /// Where it listens, with the real port when any was asked for.
  var address: String {
    let channel = self.state.withLockedValue { $0.channel }
    return switch channel?.localAddress {
    case .some(.unixDomainSocket): "unix:\(channel?.localAddress?.pathname ?? "")"
    case .some(.v6(let address)): "[\(address.host)]:\(channel?.localAddress?.port ?? 0)"
    case .some(let address): "\(address.ipAddress ?? ""):\(address.port ?? 0)"
    case .none: ""
    }
  }

  /// Takes no more connections.
  func close() async throws {
    try await self.state.withLockedValue { $0.channel }?.close().get()
  }

  // MARK: The gate

  /// A connection was accepted. Counted here, on the port's own event loop and before another is
  /// accepted: its own may be busy.
  fileprivate func accepted(_ channel: any Channel) {
    let address = PeerAddress(channel.remoteAddress)
    switch self.state.withLockedValue({ $0.gate.opened(from: address) }) {
    case .accept: break
    case .acceptAndPause:
      self.configuration.onLimit(.connections)
      self.applyGate()
    case .refuse:
      self.configuration.onLimit(.connectionsPerAddress)
      self.state.withLockedValue { _ = $0.refused.insert(ObjectIdentifier(channel)) }
      return
    }
    channel.closeFuture.whenComplete { _ in
      switch self.state.withLockedValue({ $0.gate.closed(from: address) }) {
      case .none: break
      case .resume: self.applyGate()
      }
    }
  }

  private func isRefused(_ channel: any Channel) -> Bool {
    self.state.withLockedValue { $0.refused.remove(ObjectIdentifier(channel)) != nil }
  }

  /// Has the port accept, or not, as the gate says by then: connections come and go on many event
  /// loops, and what the last of them said must be what stays.
  private func applyGate() {
    guard let channel = self.state.withLockedValue({ $0.channel }) else { return }
    let apply: @Sendable () -> Void = {
      let isPaused = self.state.withLockedValue { $0.gate.isPaused }
      channel.setOption(.autoRead, value: !isPaused).whenFailure { _ in
        // It is closed, and accepts nothing.
      }
    }
    if channel.eventLoop.inEventLoop { apply() } else { channel.eventLoop.execute(apply) }
  }

  private func makeRefusal(of channel: any Channel) -> Refusal {
    let answers = self.state.withLockedValue { state in
      state.refusals += 1
      return state.refusals <= Self.maxRefusals
    }
    channel.closeFuture.whenComplete { _ in
      self.state.withLockedValue { $0.refusals -= 1 }
    }
    return Refusal(answer: answers ? self.configuration.refusal : nil)
  }
}

/// Tells the listener of each connection before it is set up.
private final class AcceptObserver: ChannelInboundHandler {
  typealias InboundIn = any Channel

  private let listener: Listener

  init(listener: Listener) {
    self.listener = listener
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    self.listener.accepted(self.unwrapInboundIn(data))
    context.fireChannelRead(data)
  }
}
