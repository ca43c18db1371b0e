import NIOCore
import NIOPosix
import SessionService
import Testing
import UserAPI

@testable import UserAPIServer

/// `user-api-server health`, as a container asks it.
@Suite struct HealthCheckTests {
  @Test func `a server that is well says so`() async throws {
    try await Self.withAdminPort { check, _ in
      let live = try await check.ask(.live)
      #expect(live == "ok")
      let ready = try await check.ask(.ready)
      #expect(ready == #"{"status":"ready","database":"ok","waha":"ok"}"#)
    }
  }

  @Test func `one without its database runs, but is not ready`() async throws {
    let gone = UserAPIError(.storeUnavailable, "gone")
    try await Self.withAdminPort(database: gone) { check, _ in
      let live = try await check.ask(.live)
      #expect(live == "ok")
      let failure = await #expect(throws: HealthFailure.self) { try await check.ask(.ready) }
      #expect(
        failure?.description
          == #"\#(check.address) answers 503 {"status":"not ready","#
          + #""database":"STORE_UNAVAILABLE","waha":"ok"}"#)
    }
  }

  @Test func `one that drains runs, but is not ready`() async throws {
    try await Self.withAdminPort { check, readiness in
      readiness.beginDrain()
      let live = try await check.ask(.live)
      #expect(live == "ok")
      await #expect(throws: HealthFailure.self) { try await check.ask(.ready) }
    }
  }

  @Test func `a port that nobody takes is told in a line`() async throws {
    let check = HealthCheck(address: .tcp(host: "127.0.0.1", port: 1))
    let failure = await #expect(throws: HealthFailure.self) { try await check.ask(.live) }
    #expect(failure?.description == "127.0.0.1:1 cannot be reached")
    let path = HealthCheck(address: .unix(path: "/nonexistent/admin.sock"))
    await #expect(throws: HealthFailure.self) { try await path.ask(.live) }
  }

  @Test func `one that never answers is not waited for`() async throws {
    try await Self.withTalker(saying: nil) { address in
      let check = HealthCheck(address: address, timeout: .milliseconds(20))
      let failure = await #expect(throws: HealthFailure.self) { try await check.ask(.live) }
      #expect(failure?.description == "\(address) does not answer within 0.02 seconds")
    }
  }

  @Test(arguments: [
    "", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok",
    "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
  ])
  func `what is no admin port is not taken for one`(says: String) async throws {
    try await Self.withTalker(saying: says) { address in
      await #expect(throws: HealthFailure.self) {
        try await HealthCheck(address: address).ask(.live)
      }
    }
  }

  @Test func `a word is a line that does a terminal no harm, and no longer than need be`() {
    let answer = HealthAnswer(
      status: 200, body: ByteBuffer(string: "\u{1B}[2Jall\u{7}\u{0} well\r\nand more"))
    #expect(answer.line == "?[2Jall?? well")
    let long = HealthAnswer(status: 200, body: ByteBuffer(repeating: 0x61, count: 9_999))
    #expect(long.line.utf8.count == 4_096)
  }

  @Test(arguments: [
    ("127.0.0.1:9090", "127.0.0.1:9090"), ("0.0.0.0:9191", "127.0.0.1:9191"),
    ("[::]:9090", "[::1]:9090"), ("10.1.2.3:9090", "10.1.2.3:9090"),
    ("unix:/run/admin.sock", "unix:/run/admin.sock"),
  ])
  func `it asks where the server was told to listen`(listens: String, asks: String) throws {
    let check = try HealthCheck(flags: [:], environment: ["USER_API_ADMIN_LISTEN": listens])
    #expect("\(check.address)" == asks)
    let flag = try HealthCheck(
      flags: ["USER_API_ADMIN_LISTEN": listens],
      environment: ["USER_API_ADMIN_LISTEN": "127.0.0.1:1"])
    #expect(flag.address == check.address)
  }

  @Test func `it asks the default port for two seconds at most where nothing is said`() throws {
    let check = try HealthCheck(flags: [:], environment: [:])
    #expect(check.address == .tcp(host: "127.0.0.1", port: 9_090))
    #expect(check.timeout == .seconds(2))
  }

  @Test(arguments: ["9090", "127.0.0.1:0", "unix:x"])
  func `a setting that names no port is refused by its name`(value: String) throws {
    let error = #expect(throws: SettingsError.self) {
      try HealthCheck(flags: [:], environment: ["USER_API_ADMIN_LISTEN": value])
    }
    #expect(error?.name == "USER_API_ADMIN_LISTEN")
  }

  // MARK: Who is asked

  private static func withAdminPort(
    database: UserAPIError? = nil,
    _ body: (HealthCheck, Readiness) async throws -> Void
  ) async throws {
    let readiness = Readiness(
      pingDatabase: { () async throws(UserAPIError) in if let database { throw database } },
      hosts: [Readiness.Host(name: .default) { () async throws(UserAPIError) in }])
    let listener = try await AdminPort.bind(
      .tcp(host: "127.0.0.1", port: 0), group: MultiThreadedEventLoopGroup.singleton,
      routes: AdminRoutes(readiness: readiness, registry: PrometheusRegistry()))
    do {
      let address = try #require(ListenAddress(listener.address))
      try await body(HealthCheck(address: address, timeout: .seconds(60)), readiness)
    } catch {
      try await listener.close()
      throw error
    }
    try await listener.close()
  }

  /// Something else on the port: says these bytes to whoever connects, and closes; nil says nothing
  /// and stays.
  private static func withTalker(
    saying text: String?, _ body: (ListenAddress) async throws -> Void
  ) async throws {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        guard let text else { return channel.eventLoop.makeSucceededVoidFuture() }
        return channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Talker(text))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    do {
      try await body(.tcp(host: "127.0.0.1", port: channel.localAddress?.port ?? 0))
    } catch {
      try await channel.close()
      throw error
    }
    try await channel.close()
  }

  private final class Talker: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let text: String

    init(_ text: String) {
      self.text = text
    }

    /// Not before the request is there: what is unread at the end would reset the connection.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
      context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: self.text))).whenComplete { _ in
        loopBound.value.close(promise: nil)
      }
    }
  }
}
