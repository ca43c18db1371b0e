internal import NIOCore
internal import NIOHTTP1

/// One request to an admin port, and its answer.
final class HealthQuestionHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let path: String
  private let answer: EventLoopPromise<HealthAnswer>
  private var status = 0
  private var body = ByteBuffer()

  init(path: String, answer: EventLoopPromise<HealthAnswer>) {
    self.path = path
    self.answer = answer
  }

  func channelActive(context: ChannelHandlerContext) {
    let head = HTTPRequestHead(
      version: .http1_1, method: .GET, uri: self.path,
      headers: ["host": "localhost", "connection": "close"])
    context.write(self.wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch self.unwrapInboundIn(data) {
    case .head(let head): self.status = Int(head.status.code)
    case .body(var part):
      guard self.body.readableBytes < HealthAnswer.maximumSize else { return }
      self.body.writeBuffer(&part)
    case .end: self.answer.succeed(HealthAnswer(status: self.status, body: self.body))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    // Nothing comes of it where the whole answer was there.
    self.answer.fail(Self.noAnswer)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    self.answer.fail(Self.noAnswer)
    context.close(promise: nil)
  }

  private static let noAnswer = HealthFailure(description: "what answers is no admin port")
}
