internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// One connection of the admin port: HTTP/1.1, one small request, its answer, and the end. Who asks
/// for more on it could have more written than he reads.
final class AdminHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// How long a connection may take in all, for its one request and its answer.
  private static let timeout: TimeAmount = .seconds(10)

  /// Probes and scrapers are few; a connection over that waits for another to end.
  static let listening = Listener.Configuration(
    limits: ConnectionGate.Limits(connections: 256, connectionsPerAddress: nil))

  private let routes: AdminRoutes
  private var head: HTTPRequestHead?
  private var isAnswered = false

  init(routes: AdminRoutes) {
    self.routes = routes
  }

  func channelActive(context: ChannelHandlerContext) {
    let channel = context.channel
    let end = context.eventLoop.scheduleTask(in: Self.timeout) { channel.close(promise: nil) }
    channel.closeFuture.whenComplete { _ in end.cancel() }
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch self.unwrapInboundIn(data) {
    case .head(let head): self.head = head
    // No request has a body that matters.
    case .body: break
    case .end:
      guard let head = self.head, !self.isAnswered else { return }
      self.isAnswered = true
      self.answer(head, context)
    }
  }

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let routes = self.routes
    let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let eventLoop = context.eventLoop
    Task {
      let answer = await routes.answer(method: head.method, uri: head.uri)
      eventLoop.execute {
        let (handler, context) = loopBound.value
        handler.write(answer, to: head, context)
      }
    }
  }

  private func write(
    _ answer: AdminAnswer, to request: HTTPRequestHead, _ context: ChannelHandlerContext
  ) {
    guard context.channel.isActive else { return }
    let body = ByteBuffer(string: answer.body)
    var headers = HTTPHeaders()
    headers.add(name: "content-type", value: answer.contentType)
    headers.add(name: "content-length", value: "\(body.readableBytes)")
    headers.add(name: "connection", value: "close")
    if let allow = answer.allow { headers.add(name: "allow", value: allow) }
    let head = HTTPResponseHead(
      version: request.version, status: HTTPResponseStatus(statusCode: answer.status),
      headers: headers)
    context.write(self.wrapOutboundOut(.head(head)), promise: nil)
    if request.method != .HEAD {
      context.write(self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    let channel = context.channel
    context.writeAndFlush(self.wrapOutboundOut(.end(nil))).whenComplete { _ in
      channel.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
