internal import HTTP2
internal import NIOCore
internal import NIOTLS

/// Waits behind TLS until both ends have agreed on `h2`, and only then lets HTTP/2 begin.
final class TLSHandshake: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  /// The server speaks TLS, but does not offer HTTP/2 there.
  struct NoHTTP2: Error {}

  private let handler: HTTP2ConnectionHandler
  private let deadline: NIODeadline
  private let promise: EventLoopPromise<Void>
  private var timer: Scheduled<Void>?
  private var isOver = false
  /// What went wrong after the agreement.
  private(set) var failure: (any Error)?

  /// - Parameter handler: Comes next in the pipeline once the agreement is made.
  init(handler: HTTP2ConnectionHandler, eventLoop: any EventLoop, deadline: NIODeadline) {
    self.handler = handler
    self.deadline = deadline
    self.promise = eventLoop.makePromise()
  }

  /// Done when the agreement is made.
  var completed: EventLoopFuture<Void> { self.promise.futureResult }

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    let handshake = NIOLoopBound(self, eventLoop: context.eventLoop)
    self.timer = context.eventLoop.scheduleTask(deadline: self.deadline) {
      handshake.value.end(.failure(ChannelError.connectTimeout(.zero)))
      channel.close(promise: nil)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.end(.failure(ChannelError.eof))
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted(let name)? = event as? TLSUserEvent, !self.isOver {
      self.end(
        Result {
          guard name == "h2" else { throw NoHTTP2() }
          try context.pipeline.syncOperations.addHandler(self.handler, position: .after(self))
        })
      if name != "h2" { context.close(promise: nil) }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard !self.isOver else {
      self.failure = self.failure ?? error
      context.fireErrorCaught(error)
      return
    }
    self.end(.failure(error))
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.end(.failure(ChannelError.eof))
    context.fireChannelInactive()
  }

  private func end(_ result: Result<Void, any Error>) {
    guard !self.isOver else { return }
    self.isOver = true
    self.timer?.cancel()
    self.promise.completeWith(result)
  }
}
