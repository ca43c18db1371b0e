internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Asks a simulator from outside whether it answers: `/ping` needs no key and no session.
package struct HealthProbe: Sendable {
  /// Why a simulator does not count as well.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  private let target: WebhookTarget
  private let timeout: Duration

  /// - Parameters:
  ///   - url: Where it is; a path is of no account.
  ///   - timeout: How long it may take in all.
  /// - Returns: Nil for anything but an `http://` URL.
  package init?(_ url: String, timeout: Duration = .seconds(2)) {
    guard let target = WebhookTarget(url) else { return nil }
    self.target = target
    self.timeout = timeout
  }

  /// - Returns: That it is well, in a line.
  /// - Throws: ``Failure`` when it says anything but 200, or nothing in time.
  package func ask() async throws(Failure) -> String {
    let status: Int
    do { status = try await self.status().get() } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(description: "\(self.target.authority) cannot be reached")
    }
    guard status == 200 else {
      throw Failure(description: "\(self.target.authority) answers \(status)")
    }
    return "\(self.target.authority) answers"
  }

  private func status() -> EventLoopFuture<Int> {
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    let status = eventLoop.makePromise(of: Int.self)
    let end = eventLoop.scheduleTask(in: TimeAmount(self.timeout)) {
      status.fail(
        Failure(description: "\(self.target.authority) does not answer within \(self.timeout)"))
    }
    let connection = ClientBootstrap(group: eventLoop)
      .connectTimeout(TimeAmount(self.timeout))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(
            Asker(host: self.target.authority, status: status))
        }
      }
      .connect(host: self.target.endpoint.host, port: self.target.endpoint.port)
    connection.cascadeFailure(to: status)
    status.futureResult.whenComplete { _ in
      end.cancel()
      connection.whenSuccess { $0.close(promise: nil) }
    }
    return status.futureResult
  }
}

/// One request, and the status of its answer.
private final class Asker: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let host: String
  private let status: EventLoopPromise<Int>

  init(host: String, status: EventLoopPromise<Int>) {
    self.host = host
    self.status = status
  }

  func channelActive(context: ChannelHandlerContext) {
    let head = HTTPRequestHead(
      version: .http1_1, method: .GET, uri: "/ping",
      headers: ["host": self.host, "connection": "close"])
    context.write(self.wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .head(let head) = self.unwrapInboundIn(data) {
      self.status.succeed(Int(head.status.code))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    // Nothing comes of it where the answer was there.
    self.status.fail(HealthProbe.Failure(description: "\(self.host) gives no answer"))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
