import HTTP2
import Testing
import UserAPI
import UserAPIClient

@Suite struct ConnectionTests {
  /// GOAWAY (RFC 9113, section 6.8) with NO_ERROR, naming the last stream that is answered.
  private static func goAway(lastStream: UInt8) -> [UInt8] {
    [0, 0, 8, 7, 0, 0, 0, 0, 0] + [0, 0, 0, lastStream] + [0, 0, 0, 0]
  }

  private func call(_ client: UserAPIClient) async throws(UserAPIError) {
    _ = try await client.getWhatsAppSession()
  }

  @Test func `concurrent calls share one connection`() async throws {
    try await FakeServer.with { call in
      call.reply("null")
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      try await withThrowingTaskGroup { group in
        for _ in 0..<300 { group.addTask { try await self.call(client) } }
        try await group.waitForAll()
      }
      await client.close()
      await server.stop()
      let connections = await server.history.filter { $0 == .connected }
      #expect(connections.count == 1)
    }
  }

  @Test func `more calls than the server takes at once wait for their turn`() async throws {
    var configuration = SessionConfiguration.defaults
    configuration.maxConcurrentStreams = 3
    try await FakeServer.with(configuration: configuration) { call in
      call.later { call.reply("null") }
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      try await self.call(client)
      try await withThrowingTaskGroup { group in
        for _ in 0..<50 { group.addTask { try await self.call(client) } }
        try await group.waitForAll()
      }
      await client.close()
    }
  }

  @Test func `the next call after a lost connection makes a new one`() async throws {
    try await FakeServer.with { call in
      call.reply("null")
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      var events = server.events.makeAsyncIterator()
      try await self.call(client)
      await server.dropConnections()
      #expect(await events.next() == .connected)
      #expect(await events.next() == .request(path: "/user.v1.User/getWhatsAppSession"))
      #expect(await events.next() == .streamClosed(.finished))
      #expect(await events.next() == .disconnected)
      // The client may not know yet, and a call that was sent is not sent again.
      while true {
        do throws(UserAPIError) {
          try await self.call(client)
          break
        } catch {
          #expect(error.reason == .connectionFailed)
        }
      }
      #expect(await events.next() == .connected)
      await client.close()
    }
  }

  @Test func `a call that the server had is not made again when it is lost`() async throws {
    let requests = Counter()
    try await FakeServer.with { call in
      requests.value += 1
      call.close()
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      let error = try await failure {
        try await self.call(client)
      }
      #expect(error.reason == .connectionFailed)
      #expect(error.message == "the connection was lost during the call")
      await client.close()
      #expect(requests.value == 1)
    }
  }

  @Test func `a refused call is made once more, on a new connection`() async throws {
    let requests = Counter()
    try await FakeServer.with { call in
      requests.value += 1
      if requests.value == 1 { call.reset(.refusedStream) } else { call.reply("null") }
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      try await self.call(client)
      await client.close()
      await server.stop()
      let connections = await server.history.filter { $0 == .connected }
      #expect(connections.count == 2)
      #expect(requests.value == 2)
    }
  }

  @Test func `a call that is refused twice fails`() async throws {
    let requests = Counter()
    try await FakeServer.with { call in
      requests.value += 1
      call.reset(.refusedStream)
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      let error = try await failure {
        try await self.call(client)
      }
      #expect(error.reason == .connectionFailed)
      #expect(error.message == "the server refused the call")
      await client.close()
      #expect(requests.value == 2)
    }
  }

  @Test func `a call above the last stream of a GOAWAY is made again elsewhere`() async throws {
    let requests = Counter()
    try await FakeServer.with { call in
      requests.value += 1
      guard requests.value > 1 else { return call.writeRaw(Self.goAway(lastStream: 0)) }
      call.reply("null")
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      try await self.call(client)
      await client.close()
      #expect(requests.value == 2)
    }
  }

  @Test func `a call below the last stream of a GOAWAY is answered where it is`() async throws {
    let requests = Counter()
    try await FakeServer.with { call in
      requests.value += 1
      call.writeRaw(Self.goAway(lastStream: 1))
      call.reply("null")
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      try await self.call(client)
      // The old connection is gone or going; the next call needs another.
      try await self.call(client)
      await client.close()
      await server.stop()
      let connections = await server.history.filter { $0 == .connected }
      #expect(connections.count == 2)
      #expect(requests.value == 2)
    }
  }

  @Test func `closing waits for the calls that were made`() async throws {
    try await FakeServer.with { _ in
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      var events = server.events.makeAsyncIterator()
      let first = Task { try await failure { try await self.call(client) } }
      #expect(await events.next() == .connected)
      #expect(await events.next() == .request(path: "/user.v1.User/getWhatsAppSession"))
      async let closed: Void = client.close()
      first.cancel()
      #expect(try await first.value.reason == .canceled)
      await closed
      #expect(await events.next() == .streamClosed(.reset(.cancel)))
      #expect(await events.next() == .disconnected)
    }
  }

  @Test func `a client that is dropped lets its connection go`() async throws {
    try await FakeServer.with { call in
      call.reply("null")
    } _: { server in
      var events = server.events.makeAsyncIterator()
      try await self.call(try UserAPIClient(configuration: .init(url: server.url)))
      #expect(await events.next() == .connected)
      #expect(await events.next() == .request(path: "/user.v1.User/getWhatsAppSession"))
      #expect(await events.next() == .streamClosed(.finished))
      #expect(await events.next() == .disconnected)
    }
  }

  @Test func `a server that speaks HTTP 1 is none`() async throws {
    try await FakeServer.with { _ in
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      var events = server.events.makeAsyncIterator()
      async let error = failure { try await self.call(client) }
      #expect(await events.next() == .connected)
      #expect(await events.next() == .request(path: "/user.v1.User/getWhatsAppSession"))
      try await server.writeRaw(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
      #expect(try await error.reason == .connectionFailed)
      await client.close()
    }
  }
}
