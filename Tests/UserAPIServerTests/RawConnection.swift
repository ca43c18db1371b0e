import HTTP2
import NIOCore
import NIOPosix
import Testing
import UserAPI

/// One connection without TLS, each of whose calls has the headers that a test gives it: a client of
/// the API has one token for all.
struct RawConnection: Sendable {
  struct Answer: Sendable {
    var status: String
    var requestID: String?
    var body: String
  }

  /// Where it comes from, as `address:port`.
  let localAddress: String
  private let channel: any Channel

  /// - Parameter address: Where it is to come from, one of `127.0.0.0/8`.
  static func with(
    _ url: String, from address: String = "127.0.0.1", _ body: (RawConnection) async throws -> Void
  ) async throws {
    let connection = try await RawConnection(url, from: address)
    do { try await body(connection) } catch {
      try await connection.channel.close()
      throw error
    }
    try await connection.channel.close()
  }

  private init(_ url: String, from address: String) async throws {
    let port = try #require(url.split(separator: ":").last.flatMap { Int($0) })
    self.channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(to: try SocketAddress(ipAddress: address, port: 0))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(HTTP2ConnectionHandler.client())
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    self.localAddress = self.channel.localAddress?.description ?? ""
  }

  /// Makes a call in bare JSON.
  func call(
    _ procedure: Procedure, _ message: String = "{}", authorization: String?,
    contentType: ContentType = .json, headers added: Headers = [:]
  ) async throws -> Answer {
    let channel = self.channel
    let promise = channel.eventLoop.makePromise(of: Answer.self)
    channel.eventLoop.execute {
      do {
        var headers: Headers = [
          ":method": "POST", ":scheme": "http", ":authority": "127.0.0.1", ":path": procedure.path,
          "content-type": contentType.rawValue,
        ]
        if let authorization { headers.append("authorization", authorization) }
        for field in added.fields { headers.append(field.name, field.value) }
        let handler = try channel.pipeline.syncOperations.handler(type: HTTP2ConnectionHandler.self)
        let receiver = try handler.open(headers, endStream: false) { stream in
          Receiver(stream, promise)
        }
        receiver.stream.send(ByteBuffer(string: message), endStream: true)
      } catch {
        promise.fail(error)
      }
    }
    return try await promise.futureResult.get()
  }

  private struct Lost: Error {
    let reason: StreamCloseReason
  }

  private final class Receiver: StreamReceiver {
    let stream: HTTP2Stream
    private let promise: EventLoopPromise<Answer>
    private var answer = Answer(status: "", body: "")

    init(_ stream: HTTP2Stream, _ promise: EventLoopPromise<Answer>) {
      self.stream = stream
      self.promise = promise
    }

    func receivedHeaders(_ headers: Headers, endStream: Bool) {
      self.answer.status = headers[":status"] ?? self.answer.status
      self.answer.requestID = headers["x-request-id"]
    }

    func receivedData(_ data: ByteBuffer) {
      self.stream.consume(data.readableBytes)
      self.answer.body += String(buffer: data)
    }

    func receivedEnd() {}

    func becameWritable() {}

    func streamClosed(_ reason: StreamCloseReason) {
      if reason == .finished {
        self.promise.succeed(self.answer)
      } else {
        self.promise.fail(Lost(reason: reason))
      }
    }
  }
}
