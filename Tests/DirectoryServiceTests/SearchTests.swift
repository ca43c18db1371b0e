import DirectoryService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(1))) struct SearchTests {
  private static let people = [
    Contact(id: "15551234567@c.us", names: ["Ana Lima", "aninha"], number: "15551234567"),
    Contact(id: "491701234@c.us", names: [], number: "491701234"),
    Contact(id: "15559@lid", names: ["Hidden"], number: nil),
    Contact(id: "7916@c.us", names: ["Яна", "Family 🏖"], number: "7916"),
  ]

  @Test(arguments: [
    ("ana", "15551234567@c.us"), ("LIMA", "15551234567@c.us"), ("a l", "15551234567@c.us"),
    ("  Aninha\n", "15551234567@c.us"), ("ЯНА", "7916@c.us"), ("яна", "7916@c.us"),
    ("y 🏖", "7916@c.us"), ("hidden", "15559@lid"),
    ("+1 (555) 123-45.67", "15551234567@c.us"), ("15551234567", "15551234567@c.us"),
    ("1234567", "15551234567@c.us"), ("+49 170", "491701234@c.us"),
  ])
  func `a person is found by any name and by the number however it is written`(
    search: String, id: String
  ) async throws {
    let service = try await Service(contacts: Self.people)
    #expect(try await service.contacts(search: search).items.map(\.groupId) == [id])
  }

  @Test(arguments: ["15559", "@c.us", "+49x170", "analima", "()", "+", "no", "555/123"])
  func `nobody is found by what is neither a name nor a number`(search: String) async throws {
    let service = try await Service(contacts: Self.people)
    let page = try await service.contacts(search: search)
    #expect(page.items.isEmpty)
    #expect(page.total == 0)
    #expect(page.nextCursor == nil)
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

  @Test func `who has no name goes by the number, or by nothing`() async throws {
    let service = try await Service(
      groups: [Group(id: "1@g.us", name: nil)],
      contacts: [
        Contact(id: "1555@c.us", names: [], number: "1555"),
        Contact(id: "9@lid", names: [], number: nil),
      ])
    let people = try await service.contacts().items
    #expect(people.map(\.groupName) == ["+1555", ""])
    #expect(people.map(\.number) == ["1555", nil])
    #expect(try await service.groups().items.map(\.groupName) == [""])
  }
}
