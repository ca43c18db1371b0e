import HTTP2
import NIOCore
import NIOPosix
import Testing

/// Both handlers over real sockets.
@Suite struct LoopbackTests {
  private static let size = 8 << 20

  @Test func `8 MiB go both ways at once to consumers that are late`() async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let listener = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            HTTP2ConnectionHandler.server { stream in
              BulkReceiver(stream, size: Self.size, answers: true) { _ in }
            })
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let (results, source) = AsyncStream.makeStream(of: BulkResult.self)
    let client = try await ClientBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(HTTP2ConnectionHandler.client())
        }
      }
      .connect(to: try #require(listener.localAddress)).get()
    try await client.eventLoop.submit {
      let handler = try client.pipeline.syncOperations.handler(type: HTTP2ConnectionHandler.self)
      let receiver = try handler.open(.request, endStream: false) { stream in
        BulkReceiver(stream, size: Self.size, answers: false) { source.yield($0) }
      }
      receiver.produce()
    }.get()
    var iterator = results.makeAsyncIterator()
    #expect(
      await iterator.next()
        == BulkResult(count: Self.size, isIntact: true, reason: .finished, stops: true))
    try await client.close()
    try await listener.close()
  }
}

private struct BulkResult: Equatable {
  var count = 0
  var isIntact = true
  var reason: StreamCloseReason?
  /// Whether the producer was ever told to wait.
  var stops = false
}

/// Sends so many bytes as it may, and consumes what came only when half a window has come
/// together, in a later turn of the event loop.
private final class BulkReceiver: StreamReceiver {
  private let stream: HTTP2Stream
  private let size: Int
  private let answers: Bool
  private let done: (BulkResult) -> Void
  private var sent = 0
  private var unconsumed = 0
  private var result = BulkResult()

  init(
    _ stream: HTTP2Stream, size: Int, answers: Bool, done: @escaping (BulkResult) -> Void
  ) {
    self.stream = stream
    self.size = size
    self.answers = answers
    self.done = done
  }

  func produce() {
    while self.sent < self.size {
      let count = min(50_000, self.size - self.sent)
      let piece = ByteBuffer(bytes: (self.sent..<self.sent + count).lazy.map(Self.byte))
      self.sent += count
      guard self.stream.send(piece, endStream: self.sent == self.size) else {
        if self.sent < self.size { self.result.stops = true }
        return
      }
    }
  }

  func receivedHeaders(_ headers: Headers, endStream: Bool) {
    guard self.answers else { return }
    self.stream.sendHeaders(.response, endStream: false)
    self.produce()
  }

  func receivedData(_ data: ByteBuffer) {
    for (index, byte) in data.readableBytesView.enumerated()
    where byte != Self.byte(self.result.count + index) {
      self.result.isIntact = false
    }
    self.result.count += data.readableBytes
    self.unconsumed += data.readableBytes
    guard self.unconsumed >= 32 << 10 else { return }
    let count = self.unconsumed
    self.unconsumed = 0
    self.stream.eventLoop.assumeIsolated().execute { self.stream.consume(count) }
  }

  func receivedEnd() {}

  func becameWritable() {
    self.produce()
  }

  func streamClosed(_ reason: StreamCloseReason) {
    self.result.reason = reason
    self.done(self.result)
  }

  private static func byte(_ index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: index &* 31 &+ index >> 8)
  }
}
