import NIOCore
import NIOPosix
import WAHASimulator

/// Speaks raw HTTP/1.1: one connection a call, read until the server closes it.
struct TestClient: Sendable {
  struct Answer: Sendable {
    var status: Int
    /// Names in lower case.
    var headers: [String: String]
    var body: ByteBuffer

    var text: String { String(buffer: self.body) }

    var json: JSON {
      get throws { try JSON(decoding: self.body) }
    }
  }

  struct Unreadable: Error {
    var text: String
  }

  var port: Int
  var key: String?

  func get(_ target: String, headers: [String: String] = [:]) async throws -> Answer {
    try await self.send("GET", target, headers: headers)
  }

  func post(_ target: String, _ json: String = "") async throws -> Answer {
    try await self.send("POST", target, json: json)
  }

  func put(_ target: String, _ json: String) async throws -> Answer {
    try await self.send("PUT", target, json: json)
  }

  func delete(_ target: String) async throws -> Answer { try await self.send("DELETE", target) }

  func send(
    _ method: String, _ target: String, headers: [String: String] = [:], json: String = ""
  ) async throws -> Answer {
    var text = "\(method) \(target) HTTP/1.1\r\nHost: x\r\n"
    if headers["Connection"] == nil { text += "Connection: close\r\n" }
    if let key = self.key { text += "X-Api-Key: \(key)\r\n" }
    if !json.isEmpty { text += "Content-Type: application/json\r\n" }
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    text += "Content-Length: \(json.utf8.count)\r\n\r\n\(json)"
    return try Self.parse(try await self.exchange(text))
  }

  /// Sends these bytes and returns all that come back before the server closes.
  func exchange(_ text: String) async throws -> ByteBuffer {
    let (channel, received) = try await self.open()
    try await channel.writeAndFlush(ByteBuffer(string: text))
    return try await received.get()
  }

  /// Opens a connection; the future is what has come back when it closes.
  func open() async throws -> (channel: any Channel, received: EventLoopFuture<ByteBuffer>) {
    let group = MultiThreadedEventLoopGroup.singleton
    let received = group.next().makePromise(of: ByteBuffer.self)
    let channel = try await ClientBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Collector(received))
        }
      }
      .connect(host: "127.0.0.1", port: self.port).get()
    return (channel, received.futureResult)
  }

  static func parse(_ bytes: ByteBuffer) throws -> Answer {
    var rest = bytes
    var lines: [String] = []
    while let length = rest.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
      let line = rest.readString(length: length - rest.readerIndex + 1) ?? ""
      guard line != "\r\n" else { break }
      lines.append(String(line.dropLast(1)))
    }
    let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    guard let status else { throw Unreadable(text: String(buffer: bytes)) }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
    }
    return Answer(status: status, headers: headers, body: rest)
  }
}

private final class Collector: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let done: EventLoopPromise<ByteBuffer>
  private var bytes = ByteBuffer()

  init(_ done: EventLoopPromise<ByteBuffer>) { self.done = done }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var part = self.unwrapInboundIn(data)
    self.bytes.writeBuffer(&part)
  }

  func channelInactive(context: ChannelHandlerContext) { self.done.succeed(self.bytes) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
