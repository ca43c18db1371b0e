import NIOCore
import NIOPosix

/// A server that gives every connection the same bytes, once something has come, and closes it.
struct KeyServer {
  private let channel: any Channel
  let port: Int

  static func with(_ response: String, _ body: (KeyServer) async throws -> Void) async throws {
    let server = try await KeyServer(response)
    do { try await body(server) } catch {
      try await server.channel.close()
      throw error
    }
    try await server.channel.close()
  }

  /// - Parameter response: Empty for a server that never answers.
  private init(_ response: String) async throws {
    self.channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Answering(response))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    self.port = self.channel.localAddress?.port ?? 0
  }

  private final class Answering: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let response: String

    init(_ response: String) {
      self.response = response
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      guard !self.response.isEmpty else { return }
      context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: self.response)), promise: nil)
      context.close(promise: nil)
    }
  }
}
