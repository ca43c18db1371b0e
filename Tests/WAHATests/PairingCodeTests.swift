import NIOCore
import NIOPosix
import SessionService
import TestKit
import Testing
import UserAPI
import WAHA

@Suite(.timeLimit(.minutes(10))) struct PairingCodeTests {
  /// Takes whatever comes for one request, and answers it with a code.
  private final class Answerer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let received: Recorder<String>

    init(_ received: Recorder<String>) {
      self.received = received
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      self.received.append(String(buffer: self.unwrapInboundIn(data)))
      guard self.received.values.joined().hasSuffix("}") else { return }
      let body = #"{"code":"WZYE-QX1F"}"#
      let answer =
        "HTTP/1.1 201 Created\r\ncontent-length: \(body.utf8.count)\r\n"
        + "connection: close\r\n\r\n" + body
      context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
    }
  }

  @Test func `WAHA gets the number as digits, and its code is given on`() async throws {
    let received = Recorder<String>()
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Answerer(received))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let waha = try makeUpstream(port: try #require(listener.localAddress?.port))
    let code = try await waha.pairingCode(
      of: try await makeOwnedSession(), phoneNumber: samplePhoneNumber)
    try await listener.close().get()
    #expect(code.text == "WZYE-QX1F")
    let request = received.values.joined()
    #expect(request.hasPrefix("POST /api/s_test/auth/request-code HTTP/1.1\r\n"))
    #expect(request.hasSuffix("\r\n\r\n" + #"{"phoneNumber":"15551234567"}"#))
  }
}
