internal import NIOCore
internal import NIOHTTP1

/// One connection of the admin port: HTTP/1.1, one request, its answer, and the end. Who asks for
/// more on it could have more written than he reads.
final class AdminHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// How long a connection may take in all, for its one request and its answer.
  private static let timeout: TimeAmount = .seconds(10)

  private let routes: AdminRoutes
  private var exchange = AdminExchange()

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
    case .head(let head):
      let limit = self.routes.bodyLimit(method: head.method, uri: head.uri)
      switch self.exchange.headReceived(head, bodyLimit: limit) {
      case .none: break
      case .proceed:
        let proceed = HTTPResponseHead(version: head.version, status: .continue)
        context.writeAndFlush(self.wrapOutboundOut(.head(proceed)), promise: nil)
      case .answer(let request): self.answer(request, context)
      }
    case .body(let bytes):
      switch self.exchange.bodyReceived(bytes) {
      case .none: break
      case .answer(let request): self.answer(request, context)
      case .close: context.close(promise: nil)
      }
    case .end:
      switch self.exchange.endReceived() {
      case .none: break
      case .answer(let request): self.answer(request, context)
      case .close: context.close(promise: nil)
      }
    }
  }

  private func answer(_ request: AdminRequest, _ context: ChannelHandlerContext) {
    let routes = self.routes
    let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let eventLoop = context.eventLoop
    Task {
      let answer = await routes.answer(request)
      eventLoop.execute {
        let (handler, context) = loopBound.value
        handler.write(answer, to: request.head, context)
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
    let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    context.writeAndFlush(self.wrapOutboundOut(.end(nil))).whenComplete { _ in
      let (handler, context) = loopBound.value
      switch handler.exchange.answered() {
      case .close: context.close(promise: nil)
      // The peer goes once it has read the answer; the timeout sees to one that does not.
      case .closeOutput: context.close(mode: .output, promise: nil)
      }
    }
  }

  /// What is no HTTP is told so where it still can be, and ends the connection.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if error is HTTPParserError, self.exchange.isOpen {
      let head = HTTPResponseHead(
        version: .http1_1, status: .badRequest,
        headers: ["connection": "close", "content-length": "0"])
      context.write(self.wrapOutboundOut(.head(head)), promise: nil)
      context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    }
    context.close(promise: nil)
  }
}
