import DirectoryService
import SessionService
import TestKit
import Testing
import UserAPI
import WAHA
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct ListFailureTests {
  /// The lists, and where WAHA has them.
  static let lists = [
    (Function.groups, "/api/s_test/groups"), (Function.contacts, "/api/contacts/all"),
  ]

  /// What the call of a list alone is answered, and what that means.
  static let answers: [(Fault, ErrorReason)] =
    FailureTests.answers.map { (Fault($0), $1) } + [
      (
        Fault(
          .status(
            422,
            body: #"{"error":"Session status is not as expected. Try again later","#
              + #""session":"s_test","status":"STARTING","expected":["WORKING"]}"#)),
        .sessionNotWorking
      ),
      (
        Fault(
          .status(
            422, body: #"{"error":"Session \"s_test\" does not exist","session":"s_test"}"#)),
        .sessionMissingUpstream
      ),
      (
        Fault(
          .status(
            404,
            body: #"{"message":"We didn't find a session with name 's_test'.\nPlease start it","#
              + #""error":"Not Found","statusCode":404}"#)),
        .sessionMissingUpstream
      ),
      (Fault(.status(422, body: "{}")), .upstreamInvalidResponse),
      (Fault(.status(204)), .upstreamInvalidResponse),
      (Fault(.status(200)), .upstreamInvalidResponse),
      (Fault(.status(200, body: "null")), .upstreamInvalidResponse),
      (Fault(.status(200, body: "true")), .upstreamInvalidResponse),
      (Fault(.status(200, body: "12")), .upstreamInvalidResponse),
      (Fault(.status(200, body: #""[]""#)), .upstreamInvalidResponse),
      (Fault(.status(200, body: "<html>login</html>")), .upstreamInvalidResponse),
      (Fault(.status(200, body: "[]]")), .upstreamInvalidResponse),
      (Fault(.status(200, body: "[] []")), .upstreamInvalidResponse),
      (Fault(.status(200, body: #"{"success":true}"#)), .upstreamInvalidResponse),
      (Fault(truncateAfter: 0), .upstreamUnavailable),
      (Fault(truncateAfter: 1), .upstreamUnavailable),
      (Fault(truncateAfter: 3_000), .upstreamUnavailable),
    ]

  /// Fails a list, which gives nothing then, and reads it once more when the fault is over.
  func check(
    _ pair: Pair, _ session: OwnedSession, _ list: Function, _ fault: Fault, _ reason: ErrorReason
  ) async throws {
    pair.server.addFault(fault)
    let error = await failure { () async throws(UserAPIError) in
      if list == .groups {
        try await pair.waha.groups(of: session) { _ in Issue.record("a group is given") }
      } else {
        try await pair.waha.contacts(of: session) { _ in Issue.record("somebody is given") }
      }
    }
    #expect(error?.reason == reason, "\(list) \(fault)")
    pair.server.clearFaults()
    try await list(pair.waha, session)
  }

  @Test(arguments: Engine.allCases)
  func `a list that fails is an error, never an empty list, and works when WAHA does`(
    engine: Engine
  ) async throws {
    try await withWAHA(engine) { pair in
      let session = try await pair.session("WORKING")
      for (answer, reason) in Self.answers {
        for (list, path) in Self.lists {
          var fault = answer
          fault.path = path
          try await self.check(pair, session, list, fault, reason)
        }
      }
    }
  }

  @Test(arguments: Engine.allCases)
  func `a list that is cut off anywhere gives nothing`(engine: Engine) async throws {
    try await withWAHA(engine) { pair in
      let session = try await pair.session("WORKING")
      for (list, path) in Self.lists {
        let whole = String(repeating: " ", count: 3) + Self.body(list, engine)
        for length in 0..<whole.utf8.count {
          let fault = Fault(.status(200, body: String(whole.prefix(length))), path: path)
          try await self.check(pair, session, list, fault, .upstreamInvalidResponse)
        }
        pair.server.addFault(Fault(.status(200, body: whole), path: path))
        try await list(pair.waha, session)
        pair.server.clearFaults()
      }
    }
  }

  /// A short list, as an engine writes it.
  private static func body(_ list: Function, _ engine: Engine) -> String {
    switch (list, engine) {
    case (.groups, .noweb): #"{"1@g.us":{"id":"1@g.us","subject":"A"}}"#
    case (.groups, _): #"[{"id":{"_serialized":"1@g.us"},"name":"A"}]"#
    case (_, .webjs): #"[{"id":"1@c.us","name":"\u00e4","isMe":false}]"#
    case (_, _): #"[{"id":"1@c.us","name":"\u00e4"}]"#
    }
  }

  @Test(arguments: [
    (Engine.webjs, ErrorReason?.some(.upstreamInvalidResponse)), (.gows, .upstreamInvalidResponse),
    (.noweb, nil),
  ])
  func `an empty object is a list of groups of the engine that writes objects`(
    engine: Engine, reason: ErrorReason?
  ) async throws {
    try await withWAHA(engine) { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(.status(200, body: "{}"), path: "/api/s_test/groups"))
      #expect(await Function.groups.failure(pair.waha, session)?.reason == reason)
      pair.server.addFault(Fault(.status(200, body: "{}"), path: "/api/contacts/all"))
      #expect(
        await Function.contacts.failure(pair.waha, session)?.reason == .upstreamInvalidResponse)
    }
  }

  // MARK: LIDs

  static let hidden = [WAHASimulator.Contact(id: "200@lid", number: "1555@c.us")]

  @Test func `contacts whose numbers cannot be found out fail`() async throws {
    try await withWAHA { pair in
      pair.server.setAddressBook(groups: [], contacts: Self.hidden)
      let session = try await pair.session("WORKING")
      for (answer, reason) in FailureTests.answers {
        // A server that does not have the call: the next test.
        if case .status(404, let body?, _, _) = answer, body.contains("Cannot GET") { continue }
        try await self.check(
          pair, session, .contacts, Fault(answer, path: "/api/s_test/lids"), reason)
      }
    }
  }

  @Test(arguments: [
    (404, #"{"message":"Cannot GET /api/s_test/lids","error":"Not Found","statusCode":404}"#),
    (501, #"{"message":"the engine does not have it","statusCode":501}"#), (501, ""),
    (422, #"{"message":"The feature is available only in Plus version","statusCode":422}"#),
  ])
  func `a server that does not know LIDs leaves people under them`(
    status: Int, body: String
  ) async throws {
    try await withWAHA { pair in
      pair.server.setAddressBook(groups: [], contacts: Self.hidden)
      let session = try await pair.session("WORKING")
      #expect(try await pair.waha.contacts(of: session).map(\.id) == ["1555@c.us"])
      pair.server.addFault(Fault(.status(status, body: body), path: "/api/s_test/lids"))
      #expect(try await pair.waha.contacts(of: session).map(\.id) == ["200@lid"])
    }
  }

  @Test func `a server that is too old is not asked for LIDs`() async throws {
    try await withWAHA(version: ServerVersion(2025, 5, 3)) { pair in
      pair.server.setAddressBook(groups: [], contacts: Self.hidden)
      let session = try await pair.session("WORKING")
      #expect(try await pair.waha.contacts(of: session).map(\.id) == ["200@lid"])
      #expect(pair.server.requestCount(path: "/api/s_test/lids").requests == 0)
    }
  }

  @Test func `LIDs are asked for only when the list leaves some open`() async throws {
    try await withWAHA(.noweb) { pair in
      pair.server.setAddressBook(
        groups: [],
        contacts: [
          WAHASimulator.Contact(id: "1555@c.us", lid: "200@lid"),
          WAHASimulator.Contact(id: "200@lid"),
        ])
      let session = try await pair.session("WORKING")
      #expect(try await pair.waha.contacts(of: session).map(\.id) == ["1555@c.us"])
      #expect(pair.server.requestCount(path: "/api/s_test/lids").requests == 0)
    }
  }

  @Test(arguments: [
    #"[{"lid":"200@lid","pn":"1555@c.us"},{"odd":1}]"#,
    #"[{"lid":"200@lid","pn":"1555:3@s.whatsapp.net"}]"#,
    #"[{"lid":{"_serialized":"200@lid"},"pn":{"user":"1555","server":"c.us"}},{"lid":"1@lid","pn":null}]"#,
  ])
  func `a pair is read in every form`(body: String) async throws {
    try await withWAHA { pair in
      pair.server.setAddressBook(groups: [], contacts: Self.hidden)
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(.status(200, body: body), path: "/api/s_test/lids"))
      #expect(try await pair.waha.contacts(of: session).map(\.id) == ["1555@c.us"])
    }
  }

  @Test func `pairs that are not understood are counted`() async throws {
    let events = Recorder<WAHAEvent>()
    try await withWAHA(
      observe: { _, event in if case .entriesDropped = event { events.append(event) } }
    ) { pair in
      pair.server.setAddressBook(groups: [], contacts: Self.hidden)
      let session = try await pair.session("WORKING")
      let body = #"[{"lid":"200@lid","pn":"1555@c.us"},{"odd":1}]"#
      pair.server.addFault(Fault(.status(200, body: body), path: "/api/s_test/lids"))
      #expect(try await pair.waha.contacts(of: session).map(\.id) == ["1555@c.us"])
      #expect(events.values == [.entriesDropped(.lids, 1)])
    }
  }

  // MARK: What is not understood

  @Test func `a failure that is as long as a list is known by its status alone`() async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      for (padding, reason) in [
        (1, ErrorReason.upstreamRateLimited), (70_000, .upstreamInvalidResponse),
      ] {
        let body =
          #"{"exception":{"message":"rate-overlimit"},"x":""#
          + String(repeating: "x", count: padding) + #""}"#
        pair.server.addFault(
          Fault(.status(500, body: body), path: "/api/s_test/groups", count: 1))
        #expect(await Function.groups.failure(pair.waha, session)?.reason == reason)
      }
    }
  }

  @Test func `entries that are not understood are counted once a read`() async throws {
    let events = Recorder<WAHAEvent>()
    try await withWAHA(
      observe: { _, event in if case .entriesDropped = event { events.append(event) } }
    ) { pair in
      let session = try await pair.session("WORKING")
      try await Function.groups(pair.waha, session)
      try await Function.contacts(pair.waha, session)
      #expect(events.values.isEmpty)
      pair.server.addFault(
        Fault(
          .status(200, body: #"[{"id":"1@g.us"},5,{"id":"2@g.us"},{"id":"3@c.us"}]"#),
          path: "/api/s_test/groups"))
      pair.server.addFault(
        Fault(
          .status(200, body: #"[{"id":"1@c.us"},null,{"id":"2@g.us"},{"name":"A"}]"#),
          path: "/api/contacts/all"))
      #expect(try await pair.waha.groups(of: session).count == 2)
      #expect(events.values == [.entriesDropped(.groups, 2)])
      #expect(try await pair.waha.contacts(of: session).count == 1)
      #expect(events.values == [.entriesDropped(.groups, 2), .entriesDropped(.contacts, 2)])
    }
  }

  @Test func `a list of which less than half is understood is another list`() async throws {
    let events = Recorder<WAHAEvent>()
    try await withWAHA(
      .noweb, observe: { _, event in if case .entriesDropped = event { events.append(event) } },
      configure: { $0.pageSize = 3 }
    ) { pair in
      let session = try await pair.session("WORKING")
      // Half of it, over both pages.
      pair.server.addFault(
        Fault(
          .status(200, body: #"[{"id":"1@c.us"},null,{"id":"2@c.us"}]"#),
          path: "/api/contacts/all", count: 1))
      pair.server.addFault(
        Fault(.status(200, body: #"[{"id":"2@c.us"},{}]"#), path: "/api/contacts/all", count: 1))
      #expect(try await pair.waha.contacts(of: session).count == 2)
      #expect(events.values == [.entriesDropped(.contacts, 2)])
      pair.server.addFault(
        Fault(.status(200, body: #"[{"id":"1@c.us"},{}]"#), path: "/api/contacts/all", count: 1))
      #expect(try await pair.waha.contacts(of: session).count == 1)
      try await self.check(
        pair, session, .contacts,
        Fault(.status(200, body: #"[{"id":"1@c.us"},{},{},{}]"#), path: "/api/contacts/all"),
        .upstreamInvalidResponse)
    }
    #expect(
      events.values.suffix(2) == [.entriesDropped(.contacts, 1), .entriesDropped(.contacts, 3)])
  }
}
