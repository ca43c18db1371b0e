import HTTP2
import Testing
import UserAPI
import UserAPIClient

/// Clients that call for others.
@Suite struct ActAsTests {
  /// Answers a status whose word is the user whom the call names, `-` for none.
  private static let echo: @Sendable (FakeCall) -> Void = { call in
    call.reply(#"{"status":"\#(call.header("user-api-act-as") ?? "-")"}"#)
  }

  /// Whom the server takes a call to be for.
  private func user(
    of client: UserAPIClient, actingAs user: String? = nil
  ) async throws -> String {
    var client = client
    if let user { client = try client.acting(as: user) }
    return try await client.getSessionStatus(SessionRequest(sessionName: "s")).status.rawValue
  }

  private func configuration(_ url: String, actAs: String?) -> UserAPIClient.Configuration {
    var configuration = UserAPIClient.Configuration(url: url)
    configuration.actAs = actAs
    return configuration
  }

  @Test func `a client that acts for a user says so with every call`() async throws {
    try await FakeServer.with { call in
      #expect(call.headers.fields.filter { $0.name == "user-api-act-as" }.map(\.value) == ["alice"])
      call.reply("null")
    } _: { server in
      let configuration = self.configuration(server.url, actAs: "alice")
      try await UserAPIClient.withClient(configuration: configuration) { client in
        #expect(try await client.getWhatsAppSession() == nil)
        #expect(try await client.call("getWeather", json: "{}") == "null")
        let events = try await client.watchSession(WatchSessionRequest(sessionName: "s"))
        let error = try await failure {
          for try await _ in events {}
        }
        // The server's answer is no event; it came, which is all that matters here.
        #expect(error.reason == .invalidResponse)
      }
    }
  }

  @Test func `a client that acts for nobody names nobody`() async throws {
    try await FakeServer.with(Self.echo) { server in
      try await UserAPIClient.withClient(
        configuration: self.configuration(server.url, actAs: nil)
      ) { client in
        let user = try await self.user(of: client)
        #expect(user == "-")
      }
    }
  }

  @Test func `a user is named without a token, too`() async throws {
    try await FakeServer.with { call in
      #expect(call.header("authorization") == nil)
      Self.echo(call)
    } _: { server in
      try await UserAPIClient.withClient(
        configuration: self.configuration(server.url, actAs: "alice")
      ) { client in
        let user = try await self.user(of: client)
        #expect(user == "alice")
      }
    }
  }

  @Test func `clients that act for many users share one connection`() async throws {
    try await FakeServer.with(Self.echo) { server in
      let client = try UserAPIClient(configuration: .init(url: server.url, token: "t"))
      try await withThrowingTaskGroup { group in
        for number in 0..<200 {
          group.addTask {
            let user = "user-\(number)"
            let named = try await self.user(of: client, actingAs: user)
            #expect(named == user)
            let unnamed = try await self.user(of: client)
            #expect(unnamed == "-")
          }
        }
        try await group.waitForAll()
      }
      await client.close()
      await server.stop()
      let connections = await server.history.filter { $0 == .connected }
      #expect(connections.count == 1)
    }
  }

  @Test func `a client for a user keeps the rest, and another user takes the place`() async throws {
    try await FakeServer.with { call in
      #expect(call.header("authorization") == "Bearer t")
      #expect(call.header("connect-timeout-ms").flatMap { Int($0) } ?? 0 > 60_000)
      Self.echo(call)
    } _: { server in
      var configuration = self.configuration(server.url, actAs: "alice")
      configuration.token = "t"
      try await UserAPIClient.withClient(configuration: configuration) { client in
        let patient = client.with(timeout: .seconds(600))
        #expect(try await self.user(of: patient) == "alice")
        #expect(try await self.user(of: patient, actingAs: "bob") == "bob")
        let other = try client.acting(as: "bob").with(timeout: .seconds(600))
        #expect(try await self.user(of: other) == "bob")
        #expect(try await self.user(of: other, actingAs: "carol") == "carol")
      }
    }
  }

  @Test(arguments: [true, false])
  func `closing a client closes those that act for users, and the other way round`(
    closesTheFirst: Bool
  ) async throws {
    let client = try UserAPIClient(configuration: .init())
    let acting = try client.acting(as: "alice")
    await (closesTheFirst ? client : acting).close()
    for closed in [client, acting] {
      let error = try await failure { try await self.user(of: closed) }
      #expect(error.message == "the client is closed")
    }
  }

  @Test func `a client for a user does not need the one that it came of`() async throws {
    try await FakeServer.with(Self.echo) { server in
      let acting = try UserAPIClient(configuration: .init(url: server.url)).acting(as: "alice")
      #expect(try await self.user(of: acting) == "alice")
      await acting.close()
    }
  }

  @Test(arguments: [
    "a", "~!@#$%^&*(){}", "Jürgen", "李", "\u{1F600}", String(repeating: "a", count: 255),
  ])
  func `a user's id travels as it is`(user: String) async throws {
    try await FakeServer.with { call in
      #expect(Array((call.header("user-api-act-as") ?? "").utf8) == Array(user.utf8))
      call.reply("null")
    } _: { server in
      let client = try UserAPIClient(configuration: self.configuration(server.url, actAs: user))
      #expect(try await client.getWhatsAppSession() == nil)
      let acting = try client.acting(as: user)
      #expect(try await acting.getWhatsAppSession() == nil)
      await client.close()
    }
  }

  @Test(arguments: [
    "", " ", "a b", " a", "a ", "a\tb", "a\r\nb", "a\0", "a\u{7F}", "a\u{85}b", "a\u{A0}b",
    "a\u{2003}b", "a\u{2028}b", "\u{FFFD}", String(repeating: "a", count: 256),
    String(repeating: "é", count: 128),
  ])
  func `what is no user's id is refused before any call`(user: String) throws {
    let client = try UserAPIClient(configuration: .init())
    for attempt in [
      { _ = try UserAPIClient(configuration: self.configuration("http://host", actAs: user)) },
      { _ = try client.acting(as: user) },
    ] as [() throws -> Void] {
      let error = #expect(throws: UserAPIError.self) { try attempt() }
      #expect(error?.reason == .invalidActAs)
      #expect(error?.code == .invalidArgument)
      #expect(error?.message.hasPrefix("actAs: ") == true)
    }
  }
}
