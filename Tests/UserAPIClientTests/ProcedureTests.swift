import Testing
import UserAPI
import UserAPIClient

@Suite struct ProcedureTests {
  /// Calls one procedure of a server that answers `reply`, and checks what the server was asked.
  private func exchange<Value: Equatable>(
    _ procedure: String, request: String, reply: String, expected: Value,
    _ call: (UserAPIClient) async throws(UserAPIError) -> Value
  ) async throws {
    try await FakeServer.with { call in
      #expect(call.path == "/user.v1.User/\(procedure)")
      #expect(call.header(":method") == "POST")
      #expect(call.header(":scheme") == "http")
      #expect(call.header("content-type") == "application/user-api+json")
      #expect(call.header("authorization") == "Bearer secret")
      #expect(call.body == envelope(request))
      call.reply(reply)
    } _: { server in
      let value = try await UserAPIClient.withClient(
        configuration: .init(url: server.url, token: "secret"), call)
      #expect(value == expected)
    }
  }

  @Test func `getWhatsAppSession gives the session with its groups and campaigns`() async throws {
    try await self.exchange(
      "getWhatsAppSession", request: "{}",
      reply: """
        {"id":"i","sessionName":"s","phoneNumber":"+15550000000","userId":"u",\
        "createdAt":"2026-01-31T09:05:00.000Z","updatedAt":"2026-01-31T09:05:00.001Z",\
        "WhatsAppGroups":[{"id":"g","groupName":"Family","groupId":"1@g.us","campaigns":\
        [{"id":"c","status":"SCHEDULED","startDate":"1970-01-01T00:00:00.000Z"}]}],"new":true}
        """,
      expected: WhatsAppSession(
        id: "i", sessionName: "s", phoneNumber: "+15550000000", userId: "u",
        createdAt: Timestamp(millisecondsSinceEpoch: 1_769_850_300_000),
        updatedAt: Timestamp(millisecondsSinceEpoch: 1_769_850_300_001),
        groups: [
          .init(
            id: "g", groupName: "Family", groupId: "1@g.us",
            campaigns: [
              .init(
                id: "c", status: "SCHEDULED", startDate: Timestamp(millisecondsSinceEpoch: 0))
            ])
        ])
    ) { client throws(UserAPIError) in try await client.getWhatsAppSession() }
  }

  @Test func `getWhatsAppSession gives nil for null`() async throws {
    try await self.exchange(
      "getWhatsAppSession", request: "{}", reply: "null", expected: WhatsAppSession?.none
    ) { client throws(UserAPIError) in try await client.getWhatsAppSession() }
  }

  @Test func `initiateWhatsAppSession gives the name and the id`() async throws {
    try await self.exchange(
      "initiateWhatsAppSession", request: "{}", reply: #"{"sessionName":"s","id":"i"}"#,
      expected: InitiatedSession(sessionName: "s", id: "i")
    ) { client throws(UserAPIError) in try await client.initiateWhatsAppSession() }
  }

  @Test func `getSessionStatus passes a word on that it does not know`() async throws {
    try await self.exchange(
      "getSessionStatus", request: #"{"sessionName":"s"}"#, reply: #"{"status":"NEWER"}"#,
      expected: SessionStatusReply(status: SessionStatus(rawValue: "NEWER"))
    ) { client throws(UserAPIError) in
      try await client.getSessionStatus(SessionRequest(sessionName: "s"))
    }
  }

  @Test func `getSessionQR gives the picture`() async throws {
    try await self.exchange(
      "getSessionQR", request: #"{"sessionName":"s"}"#, reply: #"{"qr":"iVBORw=="}"#,
      expected: SessionQRCode(qr: "iVBORw==")
    ) { client throws(UserAPIError) in
      try await client.getSessionQR(SessionRequest(sessionName: "s"))
    }
  }

  @Test func `restartSession names the session`() async throws {
    try await self.exchange(
      "restartSession", request: #"{"sessionName":"a\"b"}"#, reply: #"{"success":true}"#,
      expected: Success()
    ) { client throws(UserAPIError) in
      try await client.restartSession(SessionRequest(sessionName: "a\"b"))
    }
  }

  @Test func `updateSessionPhone sends the number in its one form`() async throws {
    let number = try #require(PhoneNumber("1 (555) 000-0000"))
    try await self.exchange(
      "updateSessionPhone", request: #"{"id":"i","phoneNumber":"+15550000000"}"#,
      reply: #"{"success":true}"#, expected: Success()
    ) { client throws(UserAPIError) in
      try await client.updateSessionPhone(
        UpdateSessionPhoneRequest(id: "i", phoneNumber: number))
    }
  }

  @Test func `logoutSession names the session`() async throws {
    try await self.exchange(
      "logoutSession", request: #"{"sessionName":"s"}"#, reply: #"{"success":true}"#,
      expected: Success()
    ) { client throws(UserAPIError) in
      try await client.logoutSession(SessionRequest(sessionName: "s"))
    }
  }

  @Test func `getWhatsAppGroups gives a page`() async throws {
    try await self.exchange(
      "getWhatsAppGroups",
      request: #"{"sessionName":"s","limit":2,"cursor":4,"search":"Fam"}"#,
      reply: #"{"items":[{"groupId":"1@g.us","groupName":"Family"}],"nextCursor":5,"total":9}"#,
      expected: GroupPage(
        items: [.init(groupId: "1@g.us", groupName: "Family")], nextCursor: 5, total: 9)
    ) { client throws(UserAPIError) in
      try await client.getWhatsAppGroups(
        DirectoryRequest(sessionName: "s", limit: 2, cursor: 4, search: "Fam"))
    }
  }

  @Test func `getWhatsAppContacts gives a page`() async throws {
    try await self.exchange(
      "getWhatsAppContacts", request: #"{"sessionName":"s","cursor":0}"#,
      reply: """
        {"items":[{"groupId":"1@c.us","groupName":"Ann","number":"1","isContact":true},\
        {"groupId":"2@lid","groupName":"Bob","isContact":true}]}
        """,
      expected: ContactPage(items: [
        .init(groupId: "1@c.us", groupName: "Ann", number: "1"),
        .init(groupId: "2@lid", groupName: "Bob", number: nil),
      ])
    ) { client throws(UserAPIError) in
      try await client.getWhatsAppContacts(DirectoryRequest(sessionName: "s"))
    }
  }

  @Test func `a procedure that this version does not know can be called`() async throws {
    try await self.exchange(
      "get%20Weather%2F", request: #"{"where": "Rome"}"#, reply: #"{"sun":1 }"#,
      expected: #"{"sun":1 }"#
    ) { client throws(UserAPIError) in
      try await client.call("get Weather/", json: #"{"where": "Rome"}"#)
    }
  }

  @Test func `a call without a token sends none`() async throws {
    try await FakeServer.with { call in
      #expect(call.header("authorization") == nil)
      call.reply("null")
    } _: { server in
      try await UserAPIClient.withClient(configuration: .init(url: server.url)) { client in
        let session = try await client.getWhatsAppSession()
        #expect(session == nil)
      }
    }
  }
}
