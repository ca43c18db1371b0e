import HTTP2
import Testing
import UserAPI

@testable import UserAPIClient

/// The error that `body` throws; fails the test when it throws none.
func failure<Value>(of body: () async throws -> Value) async throws -> UserAPIError {
  try #require(await #expect(throws: UserAPIError.self) { _ = try await body() })
}

@Suite struct FailureTests {
  /// The error of one call to a server that answers as the script says.
  private func failure(
    _ script: @escaping @Sendable (FakeCall) -> Void
  ) async throws -> UserAPIError {
    try await FakeServer.with(script) { server in
      let client = try UserAPIClient(configuration: .init(url: server.url))
      let error = try await UserAPIClientTests.failure {
        try await client.getSessionStatus(SessionRequest(sessionName: "s"))
      }
      await client.close()
      return error
    }
  }

  @Test func `an error arrives with every field`() async throws {
    let error = try await self.failure { call in
      call.respond(status: 429)
      call.send(
        envelope(
          """
          {"error":{"code":"resource_exhausted","message":"slow down","data":{"reason":\
          "UPSTREAM_RATE_LIMITED","trpcCode":"TOO_MANY_REQUESTS","retryAfterMs":1500}}}
          """, flags: 2), endStream: true)
    }
    #expect(error.code == .resourceExhausted)
    #expect(error.reason == .upstreamRateLimited)
    #expect(error.message == "slow down")
    #expect(error.trpcCode == "TOO_MANY_REQUESTS")
    #expect(error.retryAfter == .milliseconds(1500))
  }

  @Test func `an error that this version does not know is passed on`() async throws {
    let error = try await self.failure { call in
      call.respond(status: 418)
      call.send(
        envelope(
          #"{"error":{"code":"teapot","message":"short","data":{"reason":"STOUT"}}}"#, flags: 2),
        endStream: true)
    }
    #expect(error.code == UserAPI.ErrorCode(rawValue: "teapot"))
    #expect(error.reason == ErrorReason(rawValue: "STOUT"))
  }

  @Test func `a response without its end envelope is incomplete`() async throws {
    let error = try await self.failure { call in
      call.respond()
      call.send(envelope(#"{"status":"WORKING"}"#), endStream: true)
    }
    #expect(error.reason == .invalidResponse)
    #expect(error.message == "the response ended before its end envelope")
  }

  @Test func `a response of headers alone is incomplete`() async throws {
    let error = try await self.failure { call in call.respond(endStream: true) }
    #expect(error.reason == .invalidResponse)
  }

  @Test func `a response with no message is none`() async throws {
    let error = try await self.failure { call in
      call.respond()
      call.send(end, endStream: true)
    }
    #expect(error.reason == .invalidResponse)
    #expect(error.message == "the response has no message")
  }

  @Test func `a response with two messages is none`() async throws {
    let error = try await self.failure { call in
      call.respond()
      call.send(envelope("{}") + envelope("{}") + end, endStream: true)
    }
    #expect(error.message == "the response has more than one message")
  }

  @Test func `a reply without a field that it needs makes no sense`() async throws {
    let error = try await self.failure { call in call.reply(#"{"state":"WORKING"}"#) }
    #expect(error.code == .internal)
    #expect(error.reason == .invalidResponse)
    #expect(error.message == "the response makes no sense: status: is required")
  }

  @Test(arguments: [
    [0x04, 0, 0, 0, 0], [0x01, 0, 0, 0, 2, 0x7B, 0x7D], [0x02, 0, 0, 0, 1, 0x7B],
  ])
  func `broken framing is an invalid response`(bytes: [UInt8]) async throws {
    let error = try await self.failure { call in
      call.respond()
      call.send(bytes)
    }
    #expect(error.code == .internal)
    #expect(error.reason == .invalidResponse)
  }

  @Test func `a proxy that has no server is no answer`() async throws {
    let error = try await self.failure { call in
      call.respond(status: 502, contentType: "text/html")
      call.send(Array("<h1>Bad Gateway</h1>".utf8), endStream: true)
    }
    #expect(error.reason == .connectionFailed)
    #expect(error.message == "a proxy answered with HTTP 502")
  }

  @Test func `another server's answer is none`() async throws {
    let error = try await self.failure { call in
      call.respond(status: 404, contentType: nil, endStream: true)
    }
    #expect(error.reason == .invalidResponse)
    #expect(error.message == "the answer is not a User API server's (HTTP 404)")
  }

  @Test func `a stream that the server resets is a lost call`() async throws {
    let error = try await self.failure { call in call.reset(.enhanceYourCalm) }
    #expect(error.reason == .connectionFailed)
    #expect(error.message == "the server reset the call (ENHANCE_YOUR_CALM)")
  }

  @Test func `a message over the limit fails when its length is read`() async throws {
    try await FakeServer.with { call in
      call.respond()
      call.send([0, 0, 0, 0, 101])
    } _: { server in
      var configuration = UserAPIClient.Configuration(url: server.url)
      configuration.maxResponseMessageBytes = 100
      let client = try UserAPIClient(configuration: configuration)
      let error = try await UserAPIClientTests.failure {
        try await client.getWhatsAppSession()
      }
      #expect(error.reason == .invalidResponse)
      #expect(error.message == "the message is longer than 100 bytes")
      await client.close()
    }
  }

  @Test func `a server that is not there cannot be reached`() async throws {
    // Not where a server was: another may have the port by now.
    let client = try UserAPIClient(configuration: .init(url: "http://127.0.0.1:1"))
    let error = try await UserAPIClientTests.failure {
      try await client.getWhatsAppSession()
    }
    #expect(error.code == .unavailable)
    #expect(error.reason == .connectionFailed)
    #expect(error.cause != nil)
    await client.close()
  }

  @Test func `a socket in the file system that is not there cannot be reached`() async throws {
    let client = try UserAPIClient(configuration: .init(url: "unix:/nowhere/at-all.sock"))
    let error = try await UserAPIClientTests.failure {
      try await client.getWhatsAppSession()
    }
    #expect(error.reason == .connectionFailed)
    #expect(error.message == "could not connect to /nowhere/at-all.sock")
    await client.close()
  }

  @Test func `a closed client refuses calls`() async throws {
    let client = try UserAPIClient(configuration: .init())
    await client.close()
    await client.close()
    let error = try await UserAPIClientTests.failure {
      try await client.getWhatsAppSession()
    }
    #expect(error.reason == .connectionFailed)
    #expect(error.message == "the client is closed")
  }

  @Test(arguments: [
    "host:8080", "http://", "http://host:0", "http://host:99999", "http://host/path",
    "http://user@host", "http://[::1]x", "unix:", "http://a\r\nb", "https://", "https://host/path",
  ])
  func `a URL that leads nowhere is refused`(url: String) throws {
    let error = #expect(throws: UserAPIError.self) {
      try UserAPIClient(configuration: .init(url: url))
    }
    #expect(error?.reason == .invalidField)
    #expect(error?.code == .invalidArgument)
  }

  @Test(arguments: ["", "a b", "a\nb", "é"])
  func `a token that no header can carry is refused`(token: String) {
    let error = #expect(throws: UserAPIError.self) {
      try UserAPIClient(configuration: .init(token: token))
    }
    #expect(error?.reason == .tokenInvalid)
  }

  @Test func `a configuration does not print its token`() {
    var configuration = UserAPIClient.Configuration(token: "secret")
    configuration.actAs = "alice"
    #expect(!"\(configuration)".contains("secret"))
    #expect(!String(reflecting: configuration).contains("secret"))
    var text = ""
    dump(configuration, to: &text)
    #expect(!text.contains("secret"))
  }

  @Test func `a host, a port, an IPv6 address and a path are read`() throws {
    #expect(try ServerAddress(url: "http://host") == .host("host", port: 80))
    #expect(try ServerAddress(url: "http://host:8080/") == .host("host", port: 8080))
    #expect(try ServerAddress(url: "http://[::1]:8080") == .host("::1", port: 8080))
    #expect(try ServerAddress(url: "http://[::1]:8080").authority == "[::1]:8080")
    #expect(try ServerAddress(url: "https://host") == .host("host", port: 443, isTLS: true))
    #expect(try ServerAddress(url: "https://host:8443").scheme == "https")
    #expect(try ServerAddress(url: "unix:/run/a.sock") == .unix(path: "/run/a.sock"))
  }
}
