internal import NIOCore
internal import NIOHTTP1

/// Turns the parts of a request into a whole one, has it answered, and writes the answer. Requests
/// come one after the other: the pipeline holds the next back until this one is answered.
final class HTTPHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// What is being answered.
  private struct Exchange {
    var serial: Int
    var ticket: RequestLog.Ticket?
    var keepsAlive: Bool
  }

  /// As the real server's.
  private static let largestBody = 50 * 1024 * 1024

  private let simulator: Simulator
  private let keepAlive: TimeAmount
  private let keepAliveField: String
  private var head: HTTPRequestHead?
  private var body = ByteBuffer()
  private var exchange: Exchange?
  private var lastSerial = 0
  private var lastUse = NIODeadline.now()
  private var idleTimer: Scheduled<Void>?

  init(simulator: Simulator) {
    self.simulator = simulator
    self.keepAlive = TimeAmount(simulator.timing.keepAlive)
    self.keepAliveField = "timeout=\(max(1, simulator.timing.keepAlive.components.seconds))"
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch self.unwrapInboundIn(data) {
    case .head(let head):
      self.lastUse = .now()
      self.head = head
      self.body.clear()
    case .body(var part):
      guard self.body.readableBytes + part.readableBytes <= Self.largestBody else {
        context.close(promise: nil)
        return
      }
      self.body.writeBuffer(&part)
    case .end:
      guard let head = self.head else { return }
      self.head = nil
      self.begin(head, context)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.idleTimer?.cancel()
    if let ticket = self.exchange?.ticket { self.simulator.log.aborted(ticket) }
    self.exchange = nil
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let request = Request(head.method, head.uri, headers: head.headers, body: self.body)
    self.body = ByteBuffer()
    let (ticket, outcome) = self.simulator.receive(request)
    self.lastSerial += 1
    self.exchange = Exchange(
      serial: self.lastSerial, ticket: ticket, keepsAlive: head.isKeepAlive)
    switch outcome {
    case .now(let reply):
      self.perform(reply, context)
    case .later(let work):
      let serial = self.lastSerial
      let eventLoop = context.eventLoop
      let bound = NIOLoopBound((handler: self, context: context), eventLoop: eventLoop)
      Task {
        let reply = await work()
        eventLoop.execute {
          let (handler, context) = bound.value
          // The peer may be gone by now.
          guard handler.exchange?.serial == serial else { return }
          handler.perform(reply, context)
        }
      }
    }
  }

  private func perform(_ reply: Reply, _ context: ChannelHandlerContext) {
    if case .silence = reply { return }
    guard let exchange = self.exchange else { return }
    self.exchange = nil
    if let ticket = exchange.ticket {
      self.simulator.log.answered(ticket, status: reply.status)
    }
    switch reply {
    case .silence, .close:
      context.close(promise: nil)
    case .response(let response):
      self.write(response, context, keepsAlive: exchange.keepsAlive)
    case .truncated(let response, let length):
      self.writeHead(of: response, context, keepsAlive: true)
      var body = response.body
      let part = body.readSlice(length: min(max(0, length), body.readableBytes)) ?? ByteBuffer()
      let sent = context.eventLoop.makePromise(of: Void.self)
      let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
      sent.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
      context.writeAndFlush(self.wrapOutboundOut(.body(.byteBuffer(part))), promise: sent)
    }
  }

  private func write(
    _ response: Response, _ context: ChannelHandlerContext, keepsAlive: Bool
  ) {
    self.writeHead(of: response, context, keepsAlive: keepsAlive)
    if response.body.readableBytes > 0 {
      context.write(self.wrapOutboundOut(.body(.byteBuffer(response.body))), promise: nil)
    }
    guard !keepsAlive else {
      context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
      self.lastUse = .now()
      self.setIdleTimer(context)
      return
    }
    let sent = context.eventLoop.makePromise(of: Void.self)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    sent.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
    context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: sent)
  }

  private func writeHead(
    of response: Response, _ context: ChannelHandlerContext, keepsAlive: Bool
  ) {
    var headers = HTTPHeaders()
    headers.reserveCapacity(8)
    headers.add(name: "X-Powered-By", value: "Express")
    headers.add(name: "Access-Control-Allow-Origin", value: "*")
    if let type = response.contentType { headers.add(name: "Content-Type", value: type) }
    if let location = response.location { headers.add(name: "Location", value: location) }
    if let pause = response.retryAfter { headers.add(name: "Retry-After", value: pause) }
    headers.add(name: "Content-Length", value: String(response.body.readableBytes))
    if keepsAlive {
      headers.add(name: "Connection", value: "keep-alive")
      headers.add(name: "Keep-Alive", value: self.keepAliveField)
    } else {
      headers.add(name: "Connection", value: "close")
    }
    let head = HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: response.status),
      headers: headers)
    context.write(self.wrapOutboundOut(.head(head)), promise: nil)
  }

  /// One timer for the connection: when it fires early, it is set again for the rest.
  private func setIdleTimer(_ context: ChannelHandlerContext) {
    guard self.idleTimer == nil else { return }
    let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
    self.idleTimer = context.eventLoop.scheduleTask(deadline: self.lastUse + self.keepAlive) {
      let (handler, context) = bound.value
      handler.idleTimer = nil
      guard handler.exchange == nil, handler.head == nil else { return }
      if handler.lastUse + handler.keepAlive <= .now() {
        context.close(promise: nil)
      } else {
        handler.setIdleTimer(context)
      }
    }
  }
}
