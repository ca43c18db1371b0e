import Foundation
import Testing

/// Every row of the procedure table, on every engine.
@Suite struct ProcedureTests {
  @Test(arguments: ["WEBJS", "NOWEB", "GOWS"])
  func `a user links a phone, reads groups and contacts, and logs out`(engine: String) async throws
  {
    try await Deployment.with(engine: engine) { deployment in
      let token = try await deployment.token(user: "alice").secret
      #expect(try await deployment.call("getWhatsAppSession", token: token).body == "null")

      let initiated = try await deployment.call("initiateWhatsAppSession", token: token)
      #expect(initiated.status == 200)
      let name = try #require(initiated.json["sessionName"]?.text)
      let id = try #require(initiated.json["id"]?.text)
      let session = #"{"sessionName":"\#(name)"}"#
      try await deployment.awaitStatus("SCAN_QR_CODE", of: name, token: token)

      let code = try await deployment.call("getSessionQR", session, token: token)
      let picture = try #require(Data(base64Encoded: code.json["qr"]?.text ?? ""))
      #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))

      let early = try await deployment.call("getWhatsAppGroups", session, token: token)
      #expect(early.reason == "SESSION_NOT_WORKING")

      try await deployment.control("POST", "sessions/\(name)/scan")
      try await deployment.awaitStatus("WORKING", of: name, token: token)
      let late = try await deployment.call("getSessionQR", session, token: token)
      #expect(late.reason == "SESSION_NOT_AWAITING_SCAN")

      let phone = try await deployment.call(
        "updateSessionPhone", #"{"id":"\#(id)","phoneNumber":"+1 (234) 567-8900"}"#, token: token)
      #expect(phone.body == #"{"success":true}"#)

      let shown = try await deployment.call("getWhatsAppSession", token: token)
      #expect(shown.json["id"]?.text == id)
      #expect(shown.json["userId"]?.text == "alice")
      #expect(shown.json["phoneNumber"]?.text == "+12345678900")
      #expect(shown.json["WhatsAppGroups"] == .array([]))

      let restarted = try await deployment.call("restartSession", session, token: token)
      #expect(restarted.body == #"{"success":true}"#)
      try await deployment.awaitStatus("WORKING", of: name, token: token)

      let groups = try await deployment.call("getWhatsAppGroups", session, token: token)
      #expect(groups.json["items"]?.items.count == 10)
      #expect(groups.json["nextCursor"] == .number(10))
      #expect(groups.json["total"] == .number(25))
      let contacts = try await deployment.call("getWhatsAppContacts", session, token: token)
      #expect(contacts.json["items"]?.items.count == 50)
      #expect(contacts.json["items"]?.items.first?["isContact"] == .bool(true))

      for _ in 0..<2 {
        let out = try await deployment.call("logoutSession", session, token: token)
        #expect(out.body == #"{"success":true}"#)
      }
      #expect(
        try await deployment.call("getSessionStatus", session, token: token).reason
          == "SESSION_MISSING_UPSTREAM")
      #expect(try await deployment.call("getWhatsAppSession", token: token).body == "null")
      let again = try await deployment.call("initiateWhatsAppSession", token: token)
      #expect(again.json == initiated.json)
    }
  }

  @Test(arguments: ["WEBJS", "NOWEB", "GOWS"])
  func `the pages of a walk are the list that the simulator has`(engine: String) async throws {
    try await Deployment.with(engine: engine, simulator: ["--groups", "23"]) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.link(token: token)
      let truth = JSON(try await deployment.control("GET", "address-book"))
      let groups = truth?["groups"]?.items ?? []
      let all = groups.compactMap { $0["id"]?.text }
      #expect(all.count == 23)
      let walked = try await Self.walk("getWhatsAppGroups", name, "", token, deployment)
      #expect(walked.count == 23)
      #expect(Set(walked) == Set(all))

      let matching = groups.filter { $0["name"]?.text?.lowercased().contains("a") == true }
      let found = try await Self.walk("getWhatsAppGroups", name, "A", token, deployment)
      #expect(!found.isEmpty)
      #expect(found.count == matching.count)
      #expect(Set(found) == Set(matching.compactMap { $0["id"]?.text }))

      let people = try await Self.walk("getWhatsAppContacts", name, "", token, deployment)
      #expect(Set(people).count == people.count)
      let searched = try await Self.walk("getWhatsAppContacts", name, "+1 555", token, deployment)
      #expect(!searched.isEmpty)
      #expect(Set(searched).isSubset(of: people))
    }
  }

  /// The ids of a list, read page by page.
  private static func walk(
    _ procedure: String, _ name: String, _ search: String, _ token: String,
    _ deployment: Deployment
  ) async throws -> [String] {
    var ids: [String] = []
    var cursor = 0
    while true {
      let page = try await deployment.call(
        procedure,
        #"{"sessionName":"\#(name)","limit":7,"cursor":\#(cursor),"search":"\#(search)"}"#,
        token: token)
      #expect(page.status == 200, "\(page.body)")
      ids += page.json["items"]?.items.compactMap { $0["groupId"]?.text } ?? []
      guard case .number(let next)? = page.json["nextCursor"] else { return ids }
      cursor = Int(next)
    }
  }

  @Test func `initiating many times at once makes one session at WAHA`() async throws {
    try await Deployment.with { deployment in
      let token = try await deployment.token(user: "alice").secret
      let deployment = deployment
      let names = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<8 { group.addTask { try await deployment.initiate(token: token) } }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(names.count == 1)
      let created = try await deployment.requestCount("/api/sessions", method: "POST")
      #expect(created == 1)
    }
  }
}
