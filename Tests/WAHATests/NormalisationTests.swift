import DirectoryService
import SessionService
import TestKit
import Testing
import UserAPI
import WAHA
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct NormalisationTests {
  typealias Person = DirectoryService.Contact
  typealias Entry = WAHASimulator.Contact

  @Test(arguments: [ServerVersion(2024, 10, 8), ServerVersion(2025, 3, 1), .latest])
  func `groups are the same whichever engine gives them`(version: ServerVersion) async throws {
    for engine in Engine.allCases {
      try await withWAHA(engine, version: version) { pair in
        let session = try await pair.session("WORKING")
        let expected = pair.server.truth().groups.map {
          DirectoryService.Group(id: $0.id, name: $0.name)
        }
        let groups = try await pair.waha.groups(of: session)
        #expect(groups.sorted { $0.id < $1.id } == expected.sorted { $0.id < $1.id })
      }
    }
  }

  /// Entries that no engine lists as people.
  static let nobodies: [Entry] = [
    Entry(id: "15559999999@c.us", name: "Me", isMe: true),
    Entry(id: "0@c.us", name: "Nobody"),
    Entry(id: "status@broadcast", name: "Status"),
    Entry(id: "120363000000000001@newsletter", name: "News"),
    Entry(id: "120363000000000002@g.us", name: "A group"),
  ]

  /// People of whom every engine knows the same, and entries that no engine lists as people.
  static let commonBook: [Entry] =
    [
      Entry(id: "15550000001@c.us", name: "Ana", pushname: "ana ~"),
      Entry(id: "15550000002@c.us", pushname: "Bob"),
      Entry(id: "15550000003@c.us", name: "", pushname: "Cem"),
      Entry(id: "15550000004@c.us"),
      Entry(id: "15550000005@c.us", name: "  "),
      Entry(id: "15550000006@c.us", name: "Dana 🦜", pushname: "Dana 🦜"),
      Entry(id: "15550000007@s.whatsapp.net", name: "Eli"),
      Entry(id: "15550000007:12@s.whatsapp.net", name: "Eli", pushname: "eli"),
      Entry(id: "15550000008@c.us", name: "Fay 🦜", isNameCut: true),
      Entry(id: "not-a-number@c.us", name: "Odd"),
      Entry(id: "200000000000099@lid", pushname: "Hidden"),
    ] + nobodies

  static let versions = [ServerVersion(2024, 10, 8), ServerVersion(2025, 3, 1), .latest]

  @Test(arguments: Engine.allCases, versions)
  func `contacts are the same whichever engine gives them`(
    engine: Engine, version: ServerVersion
  ) async throws {
    try await withWAHA(engine, version: version, configure: { $0.pageSize = 4 }) { pair in
      pair.server.setAddressBook(groups: [], contacts: Self.commonBook)
      let session = try await pair.session("WORKING")
      let people = try await pair.waha.contacts(of: session).sorted { $0.id < $1.id }
      #expect(
        people == [
          Person(id: "15550000001@c.us", names: ["Ana", "ana ~"], number: "15550000001"),
          Person(id: "15550000002@c.us", names: ["Bob"], number: "15550000002"),
          Person(id: "15550000003@c.us", names: ["Cem"], number: "15550000003"),
          Person(id: "15550000004@c.us", names: [], number: "15550000004"),
          Person(id: "15550000005@c.us", names: [], number: "15550000005"),
          Person(id: "15550000006@c.us", names: ["Dana 🦜"], number: "15550000006"),
          Person(id: "15550000007@c.us", names: ["Eli", "eli"], number: "15550000007"),
          Person(id: "15550000008@c.us", names: ["Fay \u{FFFD}"], number: "15550000008"),
          Person(id: "200000000000099@lid", names: ["Hidden"], number: nil),
        ])
    }
  }

  /// People under LIDs, whose numbers only NOWEB tells in the list itself, and that only of some.
  static let hiddenBook: [Entry] = [
    Entry(id: "200000000000001@lid", pushname: "ana ~"),
    Entry(id: "15550000001@c.us", name: "Ana", lid: "200000000000001@lid"),
    Entry(id: "15550000002@c.us", name: "Bob", lid: "200000000000002@lid"),
    Entry(id: "200000000000002@lid", name: "Bob"),
    Entry(id: "200000000000003@lid", name: "Cem", number: "15550000003@c.us"),
    Entry(id: "200000000000004@lid", name: "Dana", number: "15550000004@c.us"),
    Entry(id: "15550000004@c.us"),
    Entry(id: "200000000000005@lid", pushname: "Nobody knows"),
    Entry(id: "15559999999@c.us", name: "Me", lid: "200000000000009@lid", isMe: true),
    Entry(id: "200000000000009@lid", name: "Me"),
  ]

  @Test(arguments: Engine.allCases, [ServerVersion(2025, 5, 4), .latest])
  func `people under LIDs are the same whichever engine gives them`(
    engine: Engine, version: ServerVersion
  ) async throws {
    for book in [Self.hiddenBook, Self.hiddenBook.reversed()] {
      try await withWAHA(engine, version: version, configure: { $0.pageSize = 4 }) { pair in
        pair.server.setAddressBook(groups: [], contacts: book)
        let session = try await pair.session("WORKING")
        let people = try await pair.waha.contacts(of: session).sorted { $0.id < $1.id }
        #expect(
          people == [
            Person(id: "15550000001@c.us", names: ["Ana", "ana ~"], number: "15550000001"),
            Person(id: "15550000002@c.us", names: ["Bob"], number: "15550000002"),
            Person(id: "15550000003@c.us", names: ["Cem"], number: "15550000003"),
            Person(id: "15550000004@c.us", names: ["Dana"], number: "15550000004"),
            Person(id: "200000000000005@lid", names: ["Nobody knows"], number: nil),
          ])
      }
    }
  }

  @Test func `who is blocked under one id is left out under the other`() async throws {
    try await withWAHA(.webjs) { pair in
      pair.server.setAddressBook(
        groups: [],
        contacts: [
          Entry(id: "15560000001@c.us", lid: "200000000000001@lid", isBlocked: true),
          Entry(id: "200000000000001@lid", name: "Blocked by number"),
          Entry(
            id: "200000000000002@lid", name: "Blocked by LID", number: "15560000002@c.us",
            isBlocked: true),
          Entry(id: "15560000002@c.us", name: "Blocked by LID"),
          Entry(id: "15560000003@c.us", name: "Ana"),
        ])
      let session = try await pair.session("WORKING")
      #expect(try await pair.waha.contacts(of: session).map(\.id) == ["15560000003@c.us"])
    }
  }

  @Test func `blocked people and numbers without WhatsApp are left out where they are marked`()
    async throws
  {
    try await withWAHA(.webjs) { pair in
      pair.server.setAddressBook(
        groups: [],
        contacts: [
          Entry(id: "15560000001@c.us", name: "Ana"),
          Entry(id: "15560000002@c.us", name: "Blocked", isBlocked: true),
          Entry(id: "15560000003@c.us", name: "No WhatsApp", isWAContact: false),
        ])
      let session = try await pair.session("WORKING")
      #expect(try await pair.waha.contacts(of: session).map(\.id) == ["15560000001@c.us"])
    }
  }

  @Test func `a person listed by number and by lid comes once`() async throws {
    try await withWAHA(.noweb) { pair in
      for isReversed in [false, true] {
        let twins = [
          Entry(id: "15560000001@c.us", name: "Ana", lid: "200000000000002@lid"),
          Entry(id: "200000000000002@lid", name: "Ana", pushname: "ana ~"),
        ]
        pair.server.setAddressBook(
          groups: [], contacts: isReversed ? twins.reversed() : twins)
        let session = try await pair.session("WORKING")
        #expect(
          try await pair.waha.contacts(of: session) == [
            Person(id: "15560000001@c.us", names: ["Ana", "ana ~"], number: "15560000001")
          ])
      }
    }
  }

  @Test(arguments: Engine.allCases)
  func `the account itself is left out, by number and by lid`(engine: Engine) async throws {
    try await withWAHA(engine) { pair in
      pair.server.setAddressBook(
        groups: [],
        contacts: [
          Entry(id: "15559999999@c.us", name: "Me", lid: "200000000000001@lid", isMe: true),
          Entry(id: "200000000000001@lid", name: "Me"),
        ])
      let session = try await pair.session("WORKING")
      #expect(try await pair.waha.contacts(of: session).isEmpty)
    }
  }

  @Test(arguments: Engine.allCases)
  func `of a generated book nobody is lost and no oddity comes through`(
    engine: Engine
  ) async throws {
    try await withWAHA(engine) { pair in
      pair.server.setAddressBook(AddressBookPlan(groups: 40, contacts: 1_000, seed: 3))
      let session = try await pair.session("WORKING")
      let truth = pair.server.truth().contacts
      let people = try await pair.waha.contacts(of: session)
      let ids = Set(people.map(\.id))
      #expect(ids.count == people.count)
      #expect(ids.isSuperset(of: truth.filter { $0.kind == .person }.map(\.id)))
      let allowed: Set<Entry.Kind> =
        engine == .webjs ? [.person, .lid] : [.person, .lid, .blocked, .nowhatsapp]
      let kinds = Dictionary(
        truth.map { ($0.id, $0.kind) }, uniquingKeysWith: { first, _ in first })
      for person in people {
        let kind = try #require(kinds[person.id])
        #expect(allowed.contains(kind))
        #expect((person.number == nil) == person.id.hasSuffix("@lid"))
      }
    }
  }

  @Test(arguments: Engine.allCases)
  func `an empty address book is an empty list`(engine: Engine) async throws {
    try await withWAHA(engine) { pair in
      pair.server.setAddressBook(groups: [], contacts: [])
      let session = try await pair.session("WORKING")
      #expect(try await pair.waha.groups(of: session).isEmpty)
      #expect(try await pair.waha.contacts(of: session).isEmpty)
    }
  }

  @Test func `one odd entry does not spoil a list`() async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      let groups = #"[{"id":"1@g.us","subject":"A"},{"odd":1},{"JID":"2@g.us","Name":"B"}]"#
      pair.server.addFault(Fault(.status(200, body: groups), path: "/api/s_test/groups"))
      #expect(
        try await pair.waha.groups(of: session).sorted { $0.id < $1.id } == [
          DirectoryService.Group(id: "1@g.us", name: "A"),
          DirectoryService.Group(id: "2@g.us", name: "B"),
        ])
      let contacts =
        #"[{"id":"1@c.us","name":5},null,{"id":{"user":"2","server":"c.us"},"name":"B"}]"#
      pair.server.addFault(Fault(.status(200, body: contacts), path: "/api/contacts"))
      #expect(
        try await pair.waha.contacts(of: session).sorted { $0.id < $1.id } == [
          Person(id: "1@c.us", names: [], number: "1"),
          Person(id: "2@c.us", names: ["B"], number: "2"),
        ])
    }
  }

  @Test func `an id that is none of WhatsApp's is not understood`() async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      let long = String(repeating: "1", count: 128)
      let groups =
        #"[{"id":"1@g.us"},{"id":"\u00e9@g.us"},{"id":"e\u0301@g.us"},{"id":"\#(long)@g.us"},"#
        + #"{"id":"2@g.us"},{"id":"3@g.us"},{"id":"4@g.us"}]"#
      pair.server.addFault(Fault(.status(200, body: groups), path: "/api/s_test/groups"))
      #expect(
        try await pair.waha.groups(of: session).map(\.id).sorted() == [
          "1@g.us", "2@g.us", "3@g.us", "4@g.us",
        ])
    }
  }

  @Test func `a group that stands twice comes once, with its name`() async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      let groups =
        #"[{"id":"1@g.us","subject":" \u00a0"},{"id":"1@g.us","subject":"\t","name":"A"},"#
        + #"{"id":"1@g.us"}]"#
      pair.server.addFault(Fault(.status(200, body: groups), path: "/api/s_test/groups"))
      #expect(
        try await pair.waha.groups(of: session) == [DirectoryService.Group(id: "1@g.us", name: "A")]
      )
    }
  }
}
