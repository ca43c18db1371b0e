internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// One connection of the admin port: HTTP/1.1, small requests, small answers.
final class AdminHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// How long a connection may be silent before it is closed.
  static let timeout: TimeAmount = .seconds(60)

  /// Probes and scrapers are few; a connection over that waits for another to end.
  static let listening = Listener.Configuration(
    limits: ConnectionGate.Limits(connections: 256, connectionsPerAddress: nil))

  private let routes: AdminRoutes
  private var head: HTTPRequestHead?

  init(routes: AdminRoutes) {
    self.routes = routes
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch self.unwrapInboundIn(data) {
    case .head(let head): self.head = head
    // No request has a body that matters.
    case .body: break
    case .end:
      guard let head = self.head else { return }
      self.head = nil
      self.answer(head, context)
    }
  }

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let routes = self.routes
    let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let eventLoop = context.eventLoop
    // The pipeline handler for HTTP/1 reads no further request before this one is answered.
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
    if let allow = answer.allow { headers.add(name: "allow", value: allow) }
    let head = HTTPResponseHead(
      version: request.version, status: HTTPResponseStatus(statusCode: answer.status),
      headers: headers)
    context.write(self.wrapOutboundOut(.head(head)), promise: nil)
    if request.method != .HEAD {
      context.write(self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    let isKeptAlive = request.isKeepAlive
    let channel = context.channel
    context.writeAndFlush(self.wrapOutboundOut(.end(nil))).whenComplete { _ in
      if !isKeptAlive { channel.close(promise: nil) }
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
