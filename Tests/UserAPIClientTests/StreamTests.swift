import HTTP2
import NIOConcurrencyHelpers
import Testing
import UserAPI

@testable import UserAPIClient

@Suite(.timeLimit(.minutes(10))) struct StreamTests {
  private static let request = WatchSessionRequest(sessionName: "s", after: 3, qrFormat: .text)

  private static func event(_ seq: Int) -> String {
    #"{"seq":\#(seq),"at":"1970-01-01T00:00:00.001Z","sessionName":"s","status":"WORKING","#
      + #""reported":"WORKING","new":1}"#
  }

  private func seqs(
    _ events: MessageStream<UserAPI.SessionEvent>
  ) async throws(UserAPIError) -> [Int] {
    var seqs: [Int] = []
    for try await event in events { seqs.append(event.seq) }
    return seqs
  }

  @Test func `a stream gives each event and passes over heartbeats`() async throws {
    try await FakeServer.with { call in
      #expect(call.path == "/user.v1.User/watchSession")
      #expect(call.header("connect-timeout-ms") == nil)
      #expect(call.body == envelope(#"{"sessionName":"s","after":3,"qrFormat":"text"}"#))
      call.respond()
      call.send(envelope(Self.event(4)) + envelope("{}") + envelope("{ }"))
      call.later { call.send(envelope(Self.event(9)) + end, endStream: true) }
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      #expect(try await self.seqs(try await client.watchSession(Self.request)) == [4, 9])
      await client.close()
    }
  }

  @Test func `linking a phone gives each event`() async throws {
    try await FakeServer.with { call in
      #expect(call.path == "/user.v1.User/linkSession")
      #expect(call.header("connect-timeout-ms") == nil)
      #expect(call.body == envelope(#"{"phoneNumber":"+15551234567","qrFormat":"text"}"#))
      call.respond()
      call.send(
        envelope(Self.event(4)) + envelope("{}") + envelope(Self.event(9)) + end, endStream: true)
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      let request = LinkSessionRequest(
        phoneNumber: PhoneNumber("1 (555) 123-4567"), qrFormat: .text)
      #expect(try await self.seqs(try await client.linkSession(request)) == [4, 9])
      await client.close()
    }
  }

  @Test func `an error behind the events is thrown behind them`() async throws {
    try await FakeServer.with { call in
      call.respond()
      call.send(
        envelope(Self.event(4))
          + envelope(
            #"{"error":{"code":"unavailable","message":"m","data":{"reason":"SERVER_STOPPING"}}}"#,
            flags: 2), endStream: true)
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      var events = try await client.watchSession(Self.request).makeAsyncIterator()
      #expect(try await events.next()?.seq == 4)
      let error = await #expect(throws: UserAPIError.self) { try await events.next() }
      #expect(error?.reason == .serverStopping)
      await client.close()
    }
  }

  @Test(arguments: ["[]", "{", #"{"seq":1}"#, "null"])
  func `an event that makes no sense ends the stream`(json: String) async throws {
    try await FakeServer.with { call in
      call.respond()
      call.send(envelope(json) + end, endStream: true)
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      let error = await #expect(throws: UserAPIError.self) {
        try await self.seqs(try await client.watchSession(Self.request))
      }
      #expect(error?.reason == .invalidResponse)
      await client.close()
    }
  }

  @Test func `a stream that is dropped is reset`() async throws {
    try await FakeServer.with { call in
      call.respond()
      call.send(envelope(Self.event(4)))
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      for try await event in try await client.watchSession(Self.request) {
        #expect(event.seq == 4)
        break
      }
      for await event in server.events {
        guard case .streamClosed(let reason) = event else { continue }
        #expect(reason == .reset(.cancel))
        break
      }
      await client.close()
    }
  }

  @Test func `a stream goes on for as long as something is heard of the server`() async throws {
    let clock = ManualClock()
    let stream = NIOLockedValueBox<FakeCall?>(nil)
    try await FakeServer.with { call in
      if call.path.hasSuffix("/watchSession") {
        stream.withLockedValue { $0 = call }
        call.respond()
        call.send(envelope(Self.event(1)))
      } else {
        stream.withLockedValue { $0 }?.send(envelope(Self.event(2)))
        call.reply("null")
      }
    } _: { server in
      let client = try UserAPIClient(configuration: .init(url: server.url), clock: clock)
      var events = try await client.watchSession(Self.request).makeAsyncIterator()
      #expect(try await events.next()?.seq == 1)
      clock.advance(by: .seconds(40))
      #expect(try await client.getWhatsAppSession() == nil)
      #expect(try await events.next()?.seq == 2)
      // 80 s are longer than the silence, but it is 40 s since the event.
      clock.advance(by: .seconds(40))
      #expect(try await client.getWhatsAppSession() == nil)
      #expect(try await events.next()?.seq == 2)
      clock.advance(by: .seconds(60))
      let error = await #expect(throws: UserAPIError.self) { try await events.next() }
      #expect(error?.reason == .connectionFailed)
      await client.close()
    }
  }
}
