import NIOCore
import Testing
import UserAPI

@Suite struct ReplyTests {
  private static let moment = Timestamp(millisecondsSinceEpoch: 1_769_850_300_000)

  private static let session = WhatsAppSession(
    id: "i", sessionName: "s", phoneNumber: "+15551234567", userId: "u", createdAt: moment,
    updatedAt: moment,
    groups: [
      .init(
        id: "g", groupName: "n", groupId: "1@g.us",
        campaigns: [.init(id: "c", status: "SCHEDULED", startDate: moment)]),
      .init(id: "h", groupName: "", groupId: "2@g.us", campaigns: []),
    ])

  /// - Returns: The reply as the other side reads it.
  private func sent<Reply: Message>(_ reply: Reply) throws -> Reply {
    try Reply(buffer: reply.encoded())
  }

  @Test func `every reply arrives as it was sent`() throws {
    #expect(try self.sent(Self.session) == Self.session)
    #expect(try self.sent(Self.session as WhatsAppSession?) == Self.session)
    #expect(try self.sent(WhatsAppSession?.none) == nil)
    let initiated = InitiatedSession(sessionName: "s\"\n", id: "é😀")
    #expect(try self.sent(initiated) == initiated)
    let status = SessionStatusReply(status: SessionStatus(rawValue: "PASSKEY_REQUIRED"))
    #expect(try self.sent(status) == status)
    #expect(try self.sent(SessionQRCode(qr: "iVBO/+==")).qr == "iVBO/+==")
    #expect(try self.sent(Success()) == Success())
    let groups = GroupPage(
      items: [.init(groupId: "1@g.us", groupName: "")], nextCursor: 1, total: 9)
    #expect(try self.sent(groups) == groups)
    #expect(try self.sent(GroupPage(items: [])) == GroupPage(items: []))
    let contacts = ContactPage(
      items: [
        .init(groupId: "1@c.us", groupName: "A", number: "1555"),
        .init(groupId: "2@lid", groupName: "B", number: nil),
      ], nextCursor: nil, total: 2)
    #expect(try self.sent(contacts) == contacts)
  }

  @Test func `what is not known is left out`() {
    var session = Self.session
    session.phoneNumber = nil
    session.groups = []
    #expect(
      session.encoded().text
        == #"{"id":"i","sessionName":"s","userId":"u","createdAt":"2026-01-31T09:05:00.000Z","#
        + #""updatedAt":"2026-01-31T09:05:00.000Z","WhatsAppGroups":[]}"#)
    #expect(GroupPage(items: []).encoded().text == #"{"items":[]}"#)
    #expect(
      ContactPage(items: [.init(groupId: "1", groupName: "", number: nil)]).encoded().text
        == #"{"items":[{"groupId":"1","groupName":"","isContact":true}]}"#)
  }

  @Test func `a request is written as its own side reads it`() throws {
    for limit in [nil, 5] {
      for search in [nil, "é"] {
        let request = DirectoryRequest(sessionName: "s", limit: limit, cursor: 7, search: search)
        #expect(try self.sent(request) == request)
      }
    }
    let number = try #require(PhoneNumber("+15551234567"))
    let update = UpdateSessionPhoneRequest(id: "i", phoneNumber: number)
    #expect(try self.sent(update) == update)
    #expect(try self.sent(SessionRequest(sessionName: "s")).sessionName == "s")
  }

  @Test(arguments: Procedure.allCases)
  func `a wrong or missing field of a reply is refused by its name`(procedure: Procedure) throws {
    let text = try SpecFile.read().text("json response \(procedure.rawValue)")
    let object = try JSONReader.readObject(ByteBuffer(string: text))
    for (index, member) in object.members.enumerated() {
      for wrong in [JSONValue.array([.null]), .object(JSONObject()), .number(0.5)] {
        var changed = object
        changed.members[index].value = wrong
        let error = #expect(throws: UserAPIError.self) { try self.read(procedure, changed) }
        #expect(error?.reason == .invalidField)
        #expect(error?.message.hasPrefix("\(member.key): ") == true)
      }
      let optional = [
        "phoneNumber", "nextCursor", "total", "snapshot", "asOf", "warning",
        "verifiedAt", "reason", "stale", "qr", "expiresAt", "attempt", "attempts", "pairingCode",
      ]
      guard !optional.contains(member.key) else { continue }
      var changed = object
      changed.members.remove(at: index)
      let error = #expect(throws: UserAPIError.self) { try self.read(procedure, changed) }
      #expect(error?.message.hasPrefix("\(member.key): ") == true)
    }
  }

  private func read(_ procedure: Procedure, _ object: JSONObject) throws {
    let json = JSONValue.object(object)
    switch procedure {
    case .getWhatsAppSession: _ = try WhatsAppSession?(json: json)
    case .initiateWhatsAppSession: _ = try InitiatedSession(json: json)
    case .getSessionStatus: _ = try SessionStatusReply(json: json)
    case .getSessionQR: _ = try SessionQRCode(json: json)
    case .restartSession, .updateSessionPhone, .logoutSession: _ = try Success(json: json)
    case .getWhatsAppGroups: _ = try GroupPage(json: json)
    case .getWhatsAppContacts: _ = try ContactPage(json: json)
    case .watchSession, .linkSession: _ = try SessionEvent(json: json)
    }
  }

  @Test(arguments: ["2026-01-31", "yesterday", "2026-02-30T00:00:00Z", ""])
  func `a time that is none is refused by the name of its field`(text: String) {
    let error = #expect(throws: UserAPIError.self) {
      try WhatsAppSession.Campaign(
        object: ["id": .string("c"), "status": .string("X"), "startDate": .string(text)])
    }
    #expect(error?.reason == .invalidField)
    #expect(error?.message.hasPrefix("startDate: ") == true)
  }

  @Test func `unknown keys of a reply are ignored`() throws {
    let page = try ContactPage(
      buffer: ByteBuffer(
        string: #"{"x":1,"items":[{"groupId":"1","groupName":"A","isContact":true,"y":[]}]}"#))
    #expect(page == ContactPage(items: [.init(groupId: "1", groupName: "A", number: nil)]))
  }
}
