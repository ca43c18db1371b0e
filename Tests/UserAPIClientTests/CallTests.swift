import HTTP2
import NIOCore
import Testing
import UserAPI

@testable import UserAPIClient

@Suite struct CallTests {
  private static let reply = envelope(#"{"status":"WORKING"}"#) + end

  @Test func `a response is the same however its bytes are split`() async throws {
    // The number of the call says where the response is cut; the last comes byte by byte.
    try await FakeServer.with { call in
      call.respond()
      guard call.number < Self.reply.count else {
        for byte in Self.reply.dropLast() { call.send([byte]) }
        call.send([Self.reply[Self.reply.count - 1]], endStream: true)
        return
      }
      call.send(Array(Self.reply[..<call.number]))
      // A part of its own: in the next turn of the event loop.
      call.later { call.send(Array(Self.reply[call.number...]), endStream: true) }
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      for _ in 0...Self.reply.count {
        let status = try await client.getSessionStatus(SessionRequest(sessionName: "s")).status
        #expect(status == .working)
      }
      await client.close()
    }
  }

  @Test func `an announcement of the response is passed over`() async throws {
    // HEADERS with END_HEADERS on the first stream: a literal with the name of entry 8 of the
    // static table, `:status: 103` (RFC 7541, section 6.2.2).
    let announcement: [UInt8] = [0, 0, 5, 1, 4, 0, 0, 0, 1] + [0x08, 3] + Array("103".utf8)
    try await FakeServer.with { call in
      call.writeRaw(announcement)
      call.later { call.reply("null") }
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      #expect(try await client.getWhatsAppSession() == nil)
      await client.close()
    }
  }

  @Test func `a cancelled task resets its stream`() async throws {
    let clock = ManualClock()
    try await FakeServer.with { _ in
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url), clock: clock)
      var events = server.events.makeAsyncIterator()
      let task = Task {
        try await failure {
          try await client.getWhatsAppSession()
        }
      }
      #expect(await events.next() == .connected)
      #expect(await events.next() == .request(path: "/user.v1.User/getWhatsAppSession"))
      task.cancel()
      #expect(try await task.value == UserAPIError(.canceled, "the call was canceled"))
      #expect(await events.next() == .streamClosed(.reset(.cancel)))
      await client.close()
      #expect(clock.timers == 0)
    }
  }

  @Test func `a task that is cancelled already makes no call`() async throws {
    try await FakeServer.with { call in
      call.reply("null")
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await failure {
          try await client.getWhatsAppSession()
        }
      }
      #expect(try await task.value.reason == .canceled)
      await client.close()
    }
  }

  @Test func `the server is told the time limit, and reset when it is over`() async throws {
    let clock = ManualClock()
    try await FakeServer.with { call in
      #expect(call.header("connect-timeout-ms") == "1500")
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url), clock: clock)
      var events = server.events.makeAsyncIterator()
      async let error = failure {
        try await client.with(timeout: .milliseconds(1500)).getWhatsAppSession()
      }
      #expect(await events.next() == .connected)
      #expect(await events.next() == .request(path: "/user.v1.User/getWhatsAppSession"))
      clock.advance(by: .milliseconds(1499))
      #expect(clock.timers == 1)
      clock.advance(by: .milliseconds(1))
      #expect(try await error.code == .deadlineExceeded)
      #expect(try await error.reason == .deadlineExceeded)
      #expect(await events.next() == .streamClosed(.reset(.cancel)))
      await client.close()
    }
  }

  @Test func `a stream that the server leaves open after its end is reset in time`() async throws {
    let clock = ManualClock()
    try await FakeServer.with { call in
      call.respond()
      call.send(envelope("null") + end)
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url), clock: clock)
      var events = server.events.makeAsyncIterator()
      #expect(try await client.getWhatsAppSession() == nil)
      #expect(await events.next() == .connected)
      #expect(await events.next() == .request(path: "/user.v1.User/getWhatsAppSession"))
      clock.advance(by: .seconds(30))
      #expect(await events.next() == .streamClosed(.reset(.cancel)))
      await client.close()
    }
  }

  @Test func `a message larger than the stream's window arrives`() async throws {
    let name = String(repeating: "a", count: 3 << 20)
    try await FakeServer.with { call in
      call.reply(#"{"sessionName":"\#(name)","id":"i"}"#)
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      let session = try await client.initiateWhatsAppSession()
      #expect(session.sessionName == name)
      await client.close()
    }
  }

  @Test func `a request larger than the server's window is sent`() async throws {
    let name = String(repeating: "a", count: 3 << 20)
    try await FakeServer.with { call in
      #expect(call.body == envelope(#"{"sessionName":"\#(name)"}"#))
      call.reply(#"{"success":true}"#)
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      #expect(try await client.restartSession(SessionRequest(sessionName: name)).success)
      await client.close()
    }
  }

  @Test func `a reader that does not read stops the sender`() async throws {
    let message = envelope(#""\#(String(repeating: "a", count: 1_000))""#)
    let count = 4_096
    let sent = Counter()
    @Sendable func produce(_ call: FakeCall) {
      while sent.value < count {
        sent.value += 1
        guard call.send(message, endStream: false) else {
          call.whenWritable { produce(call) }
          return
        }
      }
      call.send(end, endStream: true)
    }
    try await FakeServer.with { call in
      guard call.path.hasSuffix("/stream") else { return call.reply("null") }
      call.respond()
      produce(call)
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      var body = ByteBuffer()
      body.writeBytes(envelope("{}"))
      let response = try await client.response(
        to: body, path: "/user.v1.User/stream", patience: .whole(.seconds(300)))
      #expect(try await response.next() != nil)
      // The connection goes on for others, and with each of these the server could have sent.
      for _ in 0..<50 { #expect(try await client.getWhatsAppSession() == nil) }
      // The stream's window, what waits at the server, and a message of each.
      #expect(sent.value * message.count <= (256 << 10) + (64 << 10) + 3 * message.count)
      var received = 1
      while let message = try await response.next() {
        #expect(message.readableBytes == 1_002)
        received += 1
      }
      #expect(received == count)
      response.giveUp()
      await client.close()
    }
  }

  @Test func `bytes that nobody takes are given back to the connection`() async throws {
    // Each call leaves 200 KiB unread; the window of the connection would be used up by a few
    // thousand of these, and of the stream by two.
    try await FakeServer.with { call in
      guard call.path.hasSuffix("/stream") else { return call.reply("null") }
      call.respond()
      for _ in 0..<200 { call.send(envelope(String(repeating: " ", count: 1_000) + "1")) }
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      for _ in 0..<20 {
        var body = ByteBuffer()
        body.writeBytes(envelope("{}"))
        let response = try await client.response(
          to: body, path: "/user.v1.User/stream", patience: .whole(.seconds(300)))
        #expect(try await response.next() != nil)
        response.giveUp()
        #expect(try await failure { try await response.next() }.reason == .canceled)
      }
      #expect(try await client.getWhatsAppSession() == nil)
      await client.close()
    }
  }
}
