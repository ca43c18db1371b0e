internal import HTTP2
internal import Logging
internal import NIOCore
internal import NIOConcurrencyHelpers

/// The User API's port.
final class CallServer: Sendable {
  /// How long a peer has to acknowledge that the server is stopping.
  private static let roundTrip: Duration = .seconds(1)

  private let services: CallServices
  private let configuration: ConnectionLimits
  /// Nil for cleartext.
  private let tls: ServerTLS?
  private let budget: BufferBudget
  /// The open connections, and whether new ones are turned away.
  private let connections = NIOLockedValueBox(ConnectionTable())
  private let listener: NIOLockedValueBox<Listener?> = NIOLockedValueBox(nil)

  init(services: CallServices, configuration: ConnectionLimits = .defaults, tls: ServerTLS?) {
    self.services = services
    self.configuration = configuration
    self.tls = tls
    self.budget = BufferBudget(limit: configuration.maxBufferedBytes)
  }

  /// How many connections are open.
  var connectionCount: Int { self.connections.withLockedValue { $0.count } }

  /// Bytes that wait for peers, and of requests that are not whole.
  var bufferedBytes: Int { self.budget.total }

  /// Binds the port.
  ///
  /// - Returns: Where it listens.
  func bind(_ address: ListenAddress, group: any EventLoopGroup) async throws -> String {
    let metrics = self.services.limitMetrics
    let listener = try await Listener.bind(
      address, group: group,
      configuration: Listener.Configuration(
        limits: self.configuration.gate,
        refusal: self.tls == nil ? HTTP2ConnectionHandler.refusal : nil,
        onLimit: { metrics.record($0) })
    ) { channel in
      try self.initialise(channel)
    }
    self.listener.withLockedValue { $0 = listener }
    return listener.address
  }

  private func initialise(_ channel: any Channel) throws {
    let calls = ServerConnection(services: self.services, channel: channel)
    let metrics = self.services.limitMetrics
    var configuration = ConnectionConfiguration(
      session: self.configuration.session, timeouts: self.configuration.timeouts)
    configuration.maxBufferedBytes = self.configuration.maxBufferedBytesPerConnection
    configuration.budget = self.budget
    configuration.onLimitExceeded = { metrics.record($0) }
    let handler = HTTP2ConnectionHandler.server(configuration: configuration) {
      ServerCall(stream: $0, connection: calls)
    }
    let connection = NIOLoopBound(handler, eventLoop: channel.eventLoop)
    let isDraining = self.connections.withLockedValue { table in
      table.add(channel, connection)
      return table.isDraining
    }
    channel.closeFuture.whenComplete { _ in
      self.connections.withLockedValue { $0.remove(channel) }?.resume()
    }
    try self.tls?.addHandlers(to: channel) { calls.certificate = $0 }
    try channel.pipeline.syncOperations.addHandler(handler)
    // It was accepted in the moment in which the port closed.
    if isDraining { handler.beginDrain() }
  }

  /// Takes no new connections and announces the end on those there are; returns when the last is
  /// closed, or after `grace`, when the calls under way have been answered `unavailable`.
  func drain(grace: Duration) async {
    if let listener = self.listener.withLockedValue({ $0.take() }) {
      do { try await listener.close() } catch {
        self.services.logger.warning(
          "the port did not close", metadata: ["error": "\(error)"])
      }
    }
    let connections = self.connections.withLockedValue { table in
      table.isDraining = true
      return table.all
    }
    for (channel, connection) in connections {
      channel.eventLoop.execute { connection.value.beginDrain() }
    }
    // A peer that is alive has acknowledged long before; one that is not would cost the grace.
    if await self.allClosed(within: min(grace, Self.roundTrip)) { return }
    for (channel, connection) in self.connections.withLockedValue({ $0.all }) {
      channel.eventLoop.execute { connection.value.hurryDrain() }
    }
    if await self.allClosed(within: grace - min(grace, Self.roundTrip)) { return }
    for (channel, connection) in self.connections.withLockedValue({ $0.all }) {
      channel.eventLoop.execute {
        for case let call as ServerCall in connection.value.receivers { call.stop() }
      }
    }
    // Time for those answers to leave. Whoever does not read them is cut off.
    if await self.allClosed(within: .seconds(1)) { return }
    for (channel, _) in self.connections.withLockedValue({ $0.all }) { channel.close(promise: nil) }
  }

  /// - Returns: whether every connection was closed in time.
  private func allClosed(within time: Duration) async -> Bool {
    self.connections.withLockedValue { $0.mayWait = true }
    return await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await self.waitUntilClosed()
      }
      group.addTask {
        // Cancelled when the other is done.
        do { try await Task.sleep(for: time) } catch { return }
        self.connections.withLockedValue { $0.stopWaiting() }?.resume()
      }
      await group.next()
      group.cancelAll()
      return self.connections.withLockedValue { $0.all.isEmpty }
    }
  }

  private func waitUntilClosed() async {
    await withCheckedContinuation { continuation in
      let isEmpty = self.connections.withLockedValue { $0.wait(continuation) }
      if isEmpty { continuation.resume() }
    }
  }
}

/// The open connections of a port, and who waits for the last to close.
private struct ConnectionTable {
  typealias Connection = NIOLoopBound<HTTP2ConnectionHandler>

  private var connections: [ObjectIdentifier: (any Channel, Connection)] = [:]
  private var waiter: CheckedContinuation<Void, Never>?
  var isDraining = false
  /// False once the time to wait is over.
  var mayWait = true

  var count: Int { self.connections.count }

  var all: [(any Channel, Connection)] { Array(self.connections.values) }

  mutating func add(_ channel: any Channel, _ connection: Connection) {
    self.connections[ObjectIdentifier(channel)] = (channel, connection)
  }

  /// - Returns: who is to be resumed, when this was the last.
  mutating func remove(_ channel: any Channel) -> CheckedContinuation<Void, Never>? {
    self.connections[ObjectIdentifier(channel)] = nil
    return self.connections.isEmpty ? self.stopWaiting() : nil
  }

  /// - Returns: whether there is nothing to wait for, and `waiter` is not kept.
  mutating func wait(_ waiter: CheckedContinuation<Void, Never>) -> Bool {
    guard self.mayWait, !self.connections.isEmpty else { return true }
    self.waiter = waiter
    return false
  }

  mutating func stopWaiting() -> CheckedContinuation<Void, Never>? {
    self.mayWait = false
    defer { self.waiter = nil }
    return self.waiter
  }
}
