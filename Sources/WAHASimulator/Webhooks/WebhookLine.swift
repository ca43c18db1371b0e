internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Sends deliveries over connections that are used again. Lives on one event loop.
final class WebhookLine {
  /// What a try came to: no status when nobody answered in time.
  typealias Ending = (_ status: Int?, _ retryAfter: String?) -> Void

  /// One request, until it is answered or given up.
  private final class Attempt {
    let delivery: Delivery
    let target: WebhookTarget
    var connection: WebhookConnection?
    var patience: Scheduled<Void>?
    private var ending: Ending?

    init(_ delivery: Delivery, to target: WebhookTarget, _ ending: @escaping Ending) {
      self.delivery = delivery
      self.target = target
      self.ending = ending
    }

    var isOver: Bool { self.ending == nil }

    func end(status: Int?, retryAfter: String? = nil) {
      guard let ending = self.ending else { return }
      self.ending = nil
      self.patience?.cancel()
      ending(status, retryAfter)
    }
  }

  private struct Idle {
    var connection: WebhookConnection
    var since: NIODeadline
  }

  private let eventLoop: any EventLoop
  private let patience: TimeAmount
  private let connections: Connections
  private var idle: [WebhookTarget.Endpoint: [Idle]] = [:]
  private var sweep: Scheduled<Void>?
  /// Whether it sends no more.
  private(set) var isClosed = false

  /// A connection that was idle for longer is not used again: receivers close them after some time.
  private static let longestIdle = TimeAmount.seconds(4)

  /// - Parameters:
  ///   - patience: How long a receiver may take to answer.
  ///   - connections: Where each connection is added while it is open.
  init(eventLoop: any EventLoop, patience: Duration, connections: Connections) {
    self.eventLoop = eventLoop
    self.patience = TimeAmount(patience)
    self.connections = connections
  }

  func close() {
    self.isClosed = true
    self.idle.removeAll()
    self.sweep?.cancel()
  }

  func send(_ delivery: Delivery, to target: WebhookTarget, _ ending: @escaping Ending) {
    guard !self.isClosed else { return ending(nil, nil) }
    let attempt = Attempt(delivery, to: target, ending)
    attempt.patience = self.eventLoop.assumeIsolated().scheduleTask(in: self.patience) {
      attempt.end(status: nil)
      attempt.connection?.close()
    }
    if let connection = self.takeIdle(target.endpoint) {
      self.run(attempt, on: connection)
    } else {
      self.connect(attempt)
    }
  }

  private func run(_ attempt: Attempt, on connection: WebhookConnection) {
    attempt.connection = connection
    connection.send(attempt.delivery, to: attempt.target) { ending in
      switch ending {
      case .answered(let status, let retryAfter, let keepsAlive):
        if keepsAlive && !self.isClosed && !attempt.isOver {
          self.idle[attempt.target.endpoint, default: []].append(
            Idle(connection: connection, since: .now()))
          self.setSweep()
        } else {
          connection.close()
        }
        attempt.end(status: status, retryAfter: retryAfter)
      case .broken: attempt.end(status: nil)
      }
    }
  }

  private func connect(_ attempt: Attempt) {
    let endpoint = attempt.target.endpoint
    let bootstrap = ClientBootstrap(group: self.eventLoop)
      .connectTimeout(self.patience)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { [connections = self.connections] channel in
        channel.eventLoop.makeCompletedFuture {
          connections.add(channel)
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(WebhookConnection(channel))
        }
      }
    let connected: EventLoopFuture<any Channel>
    if let address = try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port) {
      connected = bootstrap.connect(to: address)
    } else {
      connected = bootstrap.connect(host: endpoint.host, port: endpoint.port)
    }
    connected.assumeIsolated().whenComplete { result in
      do {
        let channel = try result.get()
        guard !attempt.isOver, !self.isClosed else {
          channel.close(promise: nil)
          return attempt.end(status: nil)
        }
        self.run(
          attempt,
          on: try channel.pipeline.syncOperations.handler(type: WebhookConnection.self))
      } catch {
        attempt.end(status: nil)
      }
    }
  }

  /// One timer for all: it closes what has been idle for too long, and is set again for the rest.
  private func setSweep() {
    guard self.sweep == nil else { return }
    self.sweep = self.eventLoop.assumeIsolated().scheduleTask(in: Self.longestIdle) {
      self.sweep = nil
      for (endpoint, idle) in self.idle {
        let old = idle.prefix { $0.since + Self.longestIdle <= .now() }
        for idle in old { idle.connection.close() }
        self.idle[endpoint] = old.count == idle.count ? nil : Array(idle[old.count...])
      }
      if !self.idle.isEmpty { self.setSweep() }
    }
  }

  /// The connection that was used last, so that the others grow old and go.
  private func takeIdle(_ endpoint: WebhookTarget.Endpoint) -> WebhookConnection? {
    while let last = self.idle[endpoint]?.popLast() {
      if last.connection.isOpen, last.since + Self.longestIdle > .now() { return last.connection }
      last.connection.close()
    }
    self.idle[endpoint] = nil
    return nil
  }
}
