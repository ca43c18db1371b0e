import DirectoryService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct SearchTests {
  private static let people = [
    Contact(id: "15551234567@c.us", names: ["Ana Lima", "aninha"], number: "15551234567"),
    Contact(id: "491701234@c.us", names: [], number: "491701234"),
    Contact(id: "15559@lid", names: ["Hidden"], number: nil),
    Contact(id: "7916@c.us", names: ["Яна", "Family 🏖"], number: "7916"),
  ]

  @Test(arguments: [
    ("ana", "15551234567@c.us"), ("LIMA", "15551234567@c.us"), ("an lim", "15551234567@c.us"),
    ("lima ana", "15551234567@c.us"), ("aninha lima", "15551234567@c.us"),
    ("  Aninha\n", "15551234567@c.us"), ("ЯНА", "7916@c.us"), ("яна", "7916@c.us"),
    ("y 🏖", "7916@c.us"), ("family яна", "7916@c.us"), ("hidden", "15559@lid"),
    ("+1 (555) 123-45.67", "15551234567@c.us"), ("15551234567", "15551234567@c.us"),
    ("1234567", "15551234567@c.us"), ("+49 170", "491701234@c.us"),
    ("ana +1 (555)", "15551234567@c.us"), ("4567 lima", "15551234567@c.us"),
    ("٤٩١٧٠", "491701234@c.us"),
  ])
  func `a person is found by words of any name and by the number however it is written`(
    search: String, id: String
  ) async throws {
    let service = try await Service(contacts: Self.people)
    #expect(try await service.contacts(search: search).items.map(\.groupId) == [id])
  }

  @Test(arguments: [
    "15559", "@c.us", "+49x170", "analima", "()", "+", "no", "555/123", "ana hidden", "ana 49",
    "12 34567 8 9", "Lima\naninha1",
  ])
  func `nobody is found by what is neither a name nor a number`(search: String) async throws {
    let service = try await Service(contacts: Self.people)
    let page = try await service.contacts(search: search)
    #expect(page.items.isEmpty)
    #expect(page.total == 0)
    #expect(page.nextCursor == nil)
  }

  @Test(arguments: [
    ("jose", "José"), ("JOSÉ", "jose"), ("jose", "Jose\u{301}"), ("STRASSE", "Hauptstraße 5"),
    ("straße", "HAUPTSTRASSE"), ("σασ", "ΣΑΣ"), ("ΣΑΣ", "σας"), ("istanbul", "İSTANBUL"),
    ("ıstanbul", "Istanbul"), ("lodz", "Łódź"), ("smorrebrod", "Smørrebrød"),
    ("محمد", "مُحَمَّد"), ("مُحَمَّد", "محمد"), ("احمد", "أحمد"), ("محمد", "محمـــد"),
    ("हिंदी", "हिंदी समूह"), ("हद", "हिंदी"), ("हिंदी", "हद"), ("fuss", "Fuß"),
    ("office", "Oﬃce"), ("ｆｕｌｌ", "Full width"), ("full", "Ｆｕｌｌ"), ("2024", "Class ٢٠٢٤"),
    ("ана", "АНА́"), ("한", "하나한"), ("ae", "Æther"), ("a b", "A\u{A0}B"), ("naive", "nai\u{308}ve"),
    ("ab", "a\u{200D}b"), ("ab", "a\u{200F}b"), ("strasse", "STRAẞE"), ("STRAẞE", "straße"),
  ])
  func `case, marks and forms of letters make no difference`(
    search: String, name: String
  ) async throws {
    let service = try await Service(groups: [Group(id: "1@g.us", name: name)])
    #expect(try await service.groups(search: search).total == 1)
  }

  @Test func `the order of words makes no difference, numbers or not`() async throws {
    let service = try await Service(contacts: [
      Contact(id: "15551234567@c.us", names: ["Tour 2024", "Lima"], number: "15551234567")
    ])
    for search in ["2024 tour 555", "tour 2024 555", "555 2024", "2024 555 tour", "lima 4567 tour"]
    {
      #expect(try await service.contacts(search: search).total == 1)
    }
    #expect(try await service.contacts(search: "tour 2024 556").total == 0)
  }

  @Test func `a search has at most 16 words`() async throws {
    let name = (1...17).map { "w\($0)" }.joined(separator: " ")
    let service = try await Service(groups: [Group(id: "1@g.us", name: name)])
    let words = name.split(separator: " ")
    #expect(try await service.groups(search: words.prefix(16).joined(separator: " ")).total == 1)
    let error = await failure { () async throws(UserAPIError) in
      try await service.groups(search: name)
    }
    #expect(error?.reason == .invalidField)
    #expect(error?.message == "search: must be at most 16 words")
  }

  @Test func `words that look like a number are found in names as they are`() async throws {
    let service = try await Service(groups: [
      Group(id: "1@g.us", name: "Tour (1) 2024"), Group(id: "2@g.us", name: "2024 Tour 1"),
      Group(id: "3@g.us", name: "Tour 12024"),
    ])
    #expect(try await service.groups(search: "(1) 2024").total == 2)
    #expect(try await service.groups(search: "2024 1").total == 3)
    #expect(try await service.groups(search: "1 2024").total == 3)
  }

  @Test func `the results keep the order of the list`() async throws {
    let service = try await Service(
      contacts: ["Bo Ana", "Ana", "ana b", "Çana"].enumerated().map {
        Contact(id: "\($0.offset)@c.us", names: [$0.element], number: "\($0.offset)")
      })
    #expect(
      try await service.contacts(search: "ana").items.map(\.groupName) == [
        "Ana", "ana b", "Bo Ana", "Çana",
      ])
  }

  @Test func `of a very long name only the beginning is looked through`() async throws {
    let long = String(repeating: "é", count: 100_000) + " end"
    let service = try await Service(groups: [Group(id: "1@g.us", name: long)])
    #expect(try await service.groups(search: "eee").total == 1)
    #expect(try await service.groups(search: "end").total == 0)
  }

  @Test(arguments: ListKind.allCases)
  func `no search asks WAHA again`(kind: ListKind) async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 60))
    for search in PlainAddressBook.searches(seed: 1) {
      _ = try await kind.page(service, search: search?.text)
    }
    #expect(service.upstream.script.count(kind.step) == 1)
  }

  @Test(arguments: [nil, "", " ", "\t\n ", "\u{A0}\u{3000}"])
  func `an empty search finds everyone`(search: String?) async throws {
    let service = try await Service(contacts: Self.people)
    #expect(try await service.contacts(search: search).total == 4)
  }

  @Test func `a group is found by its name and not by its id`() async throws {
    let service = try await Service(groups: [
      Group(id: "120363@g.us", name: "Família 1999"), Group(id: "2@g.us", name: nil),
    ])
    #expect(try await service.groups(search: "FAMÍLIA").items.map(\.groupId) == ["120363@g.us"])
    #expect(try await service.groups(search: "1999").total == 1)
    #expect(try await service.groups(search: "120363").total == 0)
    #expect(try await service.groups(search: "g.us").total == 0)
  }
}
