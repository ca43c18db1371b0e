internal import NIOCore
internal import NIOHTTP1

/// One connection to a receiver: a request at a time. Lives on one event loop.
final class WebhookConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  enum Ending {
    /// - Parameter retryAfter: What the field of that name says.
    case answered(status: Int, retryAfter: String?, keepsAlive: Bool)
    /// The connection closed before the whole answer came.
    case broken
  }

  private let channel: any Channel
  private var head: HTTPResponseHead?
  private var done: ((Ending) -> Void)?

  init(_ channel: any Channel) { self.channel = channel }

  var isOpen: Bool { self.channel.isActive }

  /// Sends a request; the last one must have ended.
  func send(_ delivery: Delivery, to target: WebhookTarget, _ done: @escaping (Ending) -> Void) {
    precondition(self.done == nil, "a request is sent before the last one ended")
    guard self.isOpen else { return done(.broken) }
    self.done = done
    self.head = nil
    let head = HTTPRequestHead(
      version: .http1_1, method: .POST, uri: target.path,
      headers: Self.headers(of: delivery, to: target))
    self.channel.write(HTTPClientRequestPart.head(head), promise: nil)
    self.channel.write(
      HTTPClientRequestPart.body(.byteBuffer(delivery.body)), promise: nil)
    let sent = self.channel.eventLoop.makePromise(of: Void.self)
    // A header that may not stand in a request, for one.
    sent.futureResult.whenFailure { [channel] _ in channel.close(promise: nil) }
    self.channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: sent)
  }

  /// Ends the request that is on its way, if one is, as broken.
  func close() { self.channel.close(promise: nil) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch self.unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body: break
    case .end:
      guard let head = self.head else { return }
      self.end(
        .answered(
          status: Int(head.status.code), retryAfter: head.headers.first(name: "retry-after"),
          keepsAlive: head.isKeepAlive))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.end(.broken)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func end(_ ending: Ending) {
    guard let done = self.done else { return }
    self.done = nil
    done(ending)
  }

  private static func headers(of delivery: Delivery, to target: WebhookTarget) -> HTTPHeaders {
    var headers = HTTPHeaders()
    headers.reserveCapacity(10 + delivery.hook.headers.count)
    for header in delivery.hook.headers { headers.add(name: header.name, value: header.value) }
    headers.replaceOrAdd(name: "Host", value: target.authority)
    headers.replaceOrAdd(name: "Accept", value: "application/json, text/plain, */*")
    headers.replaceOrAdd(name: "Content-Type", value: "application/json")
    headers.replaceOrAdd(name: "User-Agent", value: "WAHA/\(delivery.version)")
    headers.replaceOrAdd(name: "X-Webhook-Request-Id", value: delivery.requestID)
    headers.replaceOrAdd(name: "X-Webhook-Timestamp", value: String(delivery.atMs))
    if let signature = delivery.signature {
      headers.replaceOrAdd(name: "X-Webhook-Hmac", value: signature)
      headers.replaceOrAdd(name: "X-Webhook-Hmac-Algorithm", value: "sha512")
    }
    headers.replaceOrAdd(name: "Content-Length", value: String(delivery.body.readableBytes))
    return headers
  }
}
