import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import WAHASimulator

/// A server that webhooks are sent to.
final class WebhookReceiver: Sendable {
  struct Received: Sendable {
    var path: String
    var headers: HTTPHeaders
    var body: ByteBuffer
    /// Tells the connections apart.
    var connection: ObjectIdentifier

    var json: JSON {
      get throws { try JSON(decoding: self.body) }
    }
  }

  enum Answer: Sendable {
    case status(Int, HTTPHeaders = [:])
    /// Answers, then closes though it said otherwise.
    case statusAndClose(Int)
    case silence
    case drop
  }

  let port: Int
  /// Every request, once it is whole. For one reader.
  let requests: AsyncStream<Received>
  private let listener: any Channel
  private let connections: NIOLockedValueBox<[any Channel]>

  /// - Parameter answer: Is told how many requests came before.
  static func with(
    answer: @escaping @Sendable (Int) -> Answer = { _ in .status(200) },
    _ body: (WebhookReceiver) async throws -> Void
  ) async throws {
    let (requests, continuation) = AsyncStream.makeStream(of: Received.self)
    let count = NIOLockedValueBox(0)
    let connections = NIOLockedValueBox<[any Channel]>([])
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        connections.withLockedValue { $0.append(channel) }
        return channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(
            Handler { received in
              let before = count.withLockedValue { count in
                defer { count += 1 }
                return count
              }
              continuation.yield(received)
              return answer(before)
            })
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let receiver = WebhookReceiver(listener, requests: requests, connections: connections)
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(receiver))
    } catch {
      result = .failure(error)
    }
    try await listener.close()
    for channel in connections.withLockedValue({ $0 }) where channel.isActive {
      channel.close(promise: nil)
    }
    try result.get()
  }

  private init(
    _ listener: any Channel, requests: AsyncStream<Received>,
    connections: NIOLockedValueBox<[any Channel]>
  ) {
    self.listener = listener
    self.requests = requests
    self.connections = connections
    self.port = listener.localAddress?.port ?? 0
  }

  /// A session's config with a hook that leads here.
  /// - Parameter more: Further members of the hook.
  func config(_ more: String = "", events: String = #"["session.status"]"#) -> String {
    #"{"webhooks":[{"url":"http://127.0.0.1:\#(self.port)/hook?a=b","events":\#(events)\#(more)}]}"#
  }

  /// The next requests, in order of arrival.
  func next(_ count: Int) async -> [Received] {
    var requests: [Received] = []
    guard count > 0 else { return [] }
    for await request in self.requests {
      requests.append(request)
      if requests.count == count { break }
    }
    return requests
  }
}

private final class Handler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let answer: (WebhookReceiver.Received) -> WebhookReceiver.Answer
  private var head: HTTPRequestHead?
  private var body = ByteBuffer()

  init(_ answer: @escaping (WebhookReceiver.Received) -> WebhookReceiver.Answer) {
    self.answer = answer
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch self.unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      self.body.clear()
    case .body(var part):
      self.body.writeBuffer(&part)
    case .end:
      guard let head = self.head else { return }
      let received = WebhookReceiver.Received(
        path: head.uri, headers: head.headers, body: self.body,
        connection: ObjectIdentifier(context.channel))
      switch self.answer(received) {
      case .status(let status, let headers): self.write(status, headers, context)
      case .statusAndClose(let status):
        self.write(status, [:], context)
        context.close(promise: nil)
      case .silence: break
      case .drop: context.close(promise: nil)
      }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func write(_ status: Int, _ more: HTTPHeaders, _ context: ChannelHandlerContext) {
    var headers = more
    headers.add(name: "Content-Length", value: "0")
    let head = HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
    context.write(self.wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
  }
}
