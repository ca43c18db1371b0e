import AuthService
import Crypto
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import SessionService
import TestKit
import Testing
import UserAPI
import WAHA

@testable import UserAPIServer

/// The admin port with webhooks, and a client that speaks bytes.
struct WebhookPort {
  static let secret = "0123456789abcdef"

  let time = ManualTime()
  let announced = Recorder<String>()
  let log = LogRecorder()
  let metrics = PrometheusRegistry()
  private let listener: Listener
  private let port: Int

  static func with(
    webhooks: Bool = true, _ body: (WebhookPort) async throws -> Void
  ) async throws {
    let port = try await WebhookPort(webhooks: webhooks)
    do { try await body(port) } catch {
      try await port.listener.close()
      throw error
    }
    try await port.listener.close()
  }

  private init(webhooks: Bool) async throws {
    let log = self.log
    let route = WebhookRoute(
      receiver: WebhookReceiver(
        configuration: .init(secret: try #require(WebhookSecret(Self.secret))),
        now: self.time.source.wallClock
      ) { [announced] in announced.append($0) },
      metrics: WebhookMetrics(factory: self.metrics),
      logger: log.logger(level: .trace),
      now: self.time.source.now)
    self.listener = try await AdminPort.bind(
      try #require(ListenAddress("127.0.0.1:0")), group: MultiThreadedEventLoopGroup.singleton,
      routes: AdminRoutes(
        readiness: Readiness(
          pingDatabase: { () async throws(UserAPIError) in },
          hosts: [Readiness.Host(name: .default) { () async throws(UserAPIError) in }]),
        registry: self.metrics, webhooks: webhooks ? route : nil))
    self.port = try #require(self.listener.address.split(separator: ":").last.flatMap { Int($0) })
  }

  // MARK: Requests

  /// An event of now.
  func event(_ id: String, session: String = "s_test") -> String {
    #"{"id":"\#(id)","timestamp":\#(self.time.wallClock.millisecondsSinceEpoch),"#
      + #""event":"session.status","session":"\#(session)","payload":{"status":"WORKING"}}"#
  }

  /// What WAHA sends, as bytes; a header whose value is nil is left out.
  static func request(
    _ body: String, _ changes: [String: String?] = [:], method: String = "POST"
  ) -> String {
    var headers: [String: String?] = [
      "host": "user-api", "content-type": "application/json",
      "content-length": "\(body.utf8.count)", "x-webhook-hmac": self.hmac(body),
      "x-webhook-hmac-algorithm": "sha512",
    ]
    headers.merge(changes) { $1 }
    return "\(method) /webhooks/waha HTTP/1.1\r\n"
      + headers.sorted { $0.key < $1.key }.compactMap { name, value in
        value.map { "\(name): \($0)\r\n" }
      }.joined() + "\r\n" + body
  }

  static func hmac(_ body: String) -> String {
    let code = HMAC<SHA512>.authenticationCode(
      for: Array(body.utf8), using: SymmetricKey(data: Array(self.secret.utf8)))
    return code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Sends bytes on a connection of their own.
  ///
  /// - Parameter rest: What follows once something has come back.
  /// - Returns: All that came back, once the server has closed.
  func exchange(_ text: String, then rest: String? = nil) async throws -> String {
    let received = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: String.self)
    do {
      let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connectTimeout(.seconds(50))
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
              Collector(rest: rest, received: received))
          }
        }
        .connect(host: "127.0.0.1", port: self.port).get()
      channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
    } catch {
      received.fail(error)
    }
    return try await received.futureResult.get()
  }

  /// The status of what came back.
  func status(_ text: String, then rest: String? = nil) async throws -> String {
    let answer = try await self.exchange(text, then: rest)
    return answer.split(separator: " ").dropFirst().first.map(String.init) ?? "nothing"
  }

  func count(_ outcome: WebhookOutcome) -> String? {
    let series = "user_api_webhooks_total{outcome=\"\(outcome.rawValue)\"} "
    return self.metrics.text().split(separator: "\n").first { $0.hasPrefix(series) }
      .map { String($0.dropFirst(series.count)) }
  }
}

/// Collects what a connection gives until it ends.
private final class Collector: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var rest: String?
  private var text = ""
  private let received: EventLoopPromise<String>

  init(rest: String?, received: EventLoopPromise<String>) {
    self.rest = rest
    self.received = received
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    self.text += String(buffer: self.unwrapInboundIn(data))
    guard let rest = self.rest else { return }
    self.rest = nil
    context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: rest)), promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.received.succeed(self.text)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    self.received.fail(error)
    context.close(promise: nil)
  }
}
