internal import HTTP2
internal import NIOCore
internal import NIOPosix
internal import UserAPI

/// The client's way to its server: makes connections as ``ConnectionMachine`` says.
final class Connections: Sendable {
  typealias Closer = CheckedContinuation<Void, Never>

  /// Where all of one client's calls run.
  let eventLoop: any EventLoop
  let address: ServerAddress
  /// Nil for cleartext.
  private let tls: ClientTLS?
  private let connectTimeout: Duration
  private let machine = Locked(ConnectionMachine<Connection, Call, Closer>())

  init(address: ServerAddress, tls: ClientTLS?, connectTimeout: Duration) {
    self.eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    self.address = address
    self.tls = tls
    self.connectTimeout = connectTimeout
  }

  deinit {
    for connection in self.machine.withLock({ machine in
      let abandoned = machine
      machine = ConnectionMachine()
      return abandoned.abandon()
    }) {
      connection.close()
    }
  }

  /// Begins a call on the connection, once there is one.
  func start(_ call: Call) {
    switch self.machine.withLock({ $0.call(call) }) {
    case .connect:
      self.connect()
    case .wait:
      break
    case .open(let connection):
      connection.open(call)
    case .refuse:
      call.closed(
        UserAPIError(.connectionFailed, "the client is closed"), neverReached: false)
    }
  }

  /// Forgets a call that waits for a connection.
  func withdraw(_ call: Call) {
    self.machine.withLock { $0.withdraw(call.id) }
  }

  /// Refuses new calls and returns when the last of those that were made has its answer and the
  /// last connection is closed.
  func close() async {
    await withCheckedContinuation { (closer: Closer) in
      switch self.machine.withLock({ $0.close(closer) }) {
      case .drain(let connections):
        for connection in connections { connection.drain() }
      case .wait:
        break
      case .finish(let closer):
        closer.resume()
      }
    }
  }

  // MARK: Connecting

  private func connect() {
    self.channel().whenComplete { [weak self] result in
      guard let self else {
        if case .success(let channel) = result { channel.close(promise: nil) }
        return
      }
      do {
        let connection = try Connection(
          channel: try result.get(), isTLS: self.tls != nil,
          onGoingAway: { [weak self] connection in
            self?.machine.withLock { $0.goingAway(connection) }
          })
        self.connected(connection)
      } catch {
        self.connectFailed(error)
      }
    }
  }

  private func channel() -> EventLoopFuture<any Channel> {
    var configuration = SessionConfiguration.defaults
    configuration.streamWindow = 256 << 10
    // The streams' windows are the bound: with less for the connection, one reader that is slow
    // would hold up all the others.
    configuration.connectionWindow = .max
    // What may be opened before the server says how much it takes. Fewer than 100 are not
    // recommended to servers (RFC 9113, section 6.5.2).
    configuration.maxConcurrentStreams = 100
    let deadline = NIODeadline.now() + TimeAmount(self.connectTimeout)
    let bootstrap = ClientBootstrap(group: self.eventLoop)
      .connectTimeout(TimeAmount(self.connectTimeout))
      .channelInitializer { [configuration, tls] channel in
        channel.eventLoop.makeCompletedFuture {
          let handler = HTTP2ConnectionHandler.client(configuration: configuration)
          if let tls {
            try tls.addHandlers(to: channel, inFrontOf: handler, deadline: deadline)
          } else {
            try channel.pipeline.syncOperations.addHandler(handler)
          }
        }
      }
    let channel =
      switch self.address {
      case .host(let host, let port, _):
        bootstrap.channelOption(.socketOption(.so_keepalive), value: 1)
          .connect(host: host, port: port)
      case .unix(let path):
        bootstrap.connect(unixDomainSocketPath: path)
      }
    guard let tls else { return channel.hop(to: self.eventLoop) }
    return channel.hop(to: self.eventLoop).flatMap { tls.handshake(on: $0) }
  }

  private func connected(_ connection: Connection) {
    let action = self.machine.withLock { $0.connected(connection) }
    connection.closed.whenComplete { [weak self] _ in
      switch self?.machine.withLock({ $0.connectionClosed(connection) }) {
      case .finish(let closers):
        for closer in closers { closer.resume() }
      case nil, .some(.none):
        break
      }
    }
    switch action {
    case .open(let calls):
      for call in calls { connection.open(call) }
    case .openAndDrain(let calls):
      for call in calls { connection.open(call) }
      connection.drain()
    }
  }

  private func connectFailed(_ error: any Error) {
    switch self.machine.withLock({ $0.connectFailed() }) {
    case .fail(let calls, let closers):
      let reason = ClientTLS.reason(error).map { ": \($0)" } ?? ""
      for call in calls {
        call.closed(
          UserAPIError(
            .connectionFailed, "could not connect to \(self.address)\(reason)", cause: error),
          neverReached: false)
      }
      for closer in closers { closer.resume() }
    }
  }
}
