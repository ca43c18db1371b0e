internal import NIOCore

/// Ends a connection that there is no room for, with an answer.
final class Refusal: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// How long the peer has to read the answer and to go.
  private static let timeout: TimeAmount = .seconds(1)

  /// Nil for a port whose protocol has no such answer.
  private let answer: ByteBuffer?

  init(answer: ByteBuffer?) {
    self.answer = answer
  }

  func channelActive(context: ChannelHandlerContext) {
    let channel = context.channel
    guard let answer else {
      channel.close(promise: nil)
      return
    }
    context.writeAndFlush(self.wrapOutboundOut(answer), promise: nil)
    channel.close(mode: .output, promise: nil)
    let cut = context.eventLoop.scheduleTask(in: Self.timeout) { channel.close(promise: nil) }
    channel.closeFuture.whenComplete { _ in cut.cancel() }
  }

  /// What the peer sends is dropped; closing over it would take the answer back.
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
