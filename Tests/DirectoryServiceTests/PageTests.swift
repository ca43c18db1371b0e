import DirectoryService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct PageTests {
  @Test(arguments: ListKind.allCases, 0..<12)
  func `pages put together are exactly the filtered and sorted list`(
    kind: ListKind, seed: Int
  ) async throws {
    let book = PlainAddressBook(seed: UInt64(seed), size: [0, 1, 2, 7, 60][seed % 5])
    let service = try await Service(book: book)
    for search in PlainAddressBook.searches(seed: UInt64(seed)) {
      let expected = PlainRules.rows(book, kind, search)
      for limit in [1, 2, 3, 10, 59, 60, 61, Int.max] {
        var rows: [PlainRules.Row] = []
        var cursor: Int? = 0
        while let start = cursor {
          let page = try await kind.page(
            service, limit: limit, cursor: start, search: search?.text)
          rows += page.rows
          cursor = page.nextCursor
          #expect(page.total == expected.count)
          #expect(page.rows.count <= limit)
          #expect((page.nextCursor != nil) == (rows.count < expected.count))
          if page.rows.isEmpty { break }
        }
        // Whole lists in a report help nobody.
        let isExpected = rows == expected
        #expect(isExpected, "\(search?.text ?? "everything") by \(limit)")
      }
    }
  }

  @Test(arguments: ListKind.allCases, 0..<6)
  func `the order does not depend on the one in which WAHA gives the list`(
    kind: ListKind, seed: Int
  ) async throws {
    let book = PlainAddressBook(seed: UInt64(seed), size: 60)
    var random = SeededRandom(seed: UInt64(seed) + 100)
    let expected = PlainRules.rows(book, kind, nil)
    for _ in 0..<20 {
      let service = try await Service(
        groups: book.groups.shuffled(using: &random),
        contacts: book.contacts.shuffled(using: &random))
      let isExpected = try await kind.page(service, limit: 100).rows == expected
      #expect(isExpected)
    }
  }

  @Test(arguments: ListKind.allCases, [60, 61, 1_000, Int.max])
  func `a cursor at or beyond the end gives nothing`(kind: ListKind, cursor: Int) async throws {
    let book = PlainAddressBook(seed: 1, size: 60)
    let service = try await Service(book: book)
    for search in [nil, PlainAddressBook.Text(text: "n", folded: "n")] {
      let page = try await kind.page(
        service, limit: Int.max, cursor: cursor, search: search?.text)
      #expect(page.rows.isEmpty)
      #expect(page.nextCursor == nil)
      #expect(page.total == PlainRules.rows(book, kind, search).count)
    }
  }

  @Test(arguments: ListKind.allCases)
  func `a limit above the maximum is served as the maximum`(kind: ListKind) async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 60)) {
      $0.maxPageSize = 7
    }
    let page = try await kind.page(service, limit: 8)
    #expect(page.rows.count == 7)
    #expect(page.nextCursor == 7)
  }

  @Test(arguments: [nil, "n"])
  func `a page ends early when it has enough text, and the next goes on`(
    search: String?
  ) async throws {
    let name = String(repeating: "n", count: 1_000)
    let service = try await Service(
      groups: (0..<10).map { Group(id: "\($0)@g.us", name: name + "\($0)") }
    ) { $0.maxPageText = 2_500 }
    var cursor: Int? = 0
    var pages: [[String]] = []
    while let start = cursor {
      let page = try await ListKind.groups.page(service, limit: 5, cursor: start, search: search)
      pages.append(page.rows.map(\.id))
      cursor = page.nextCursor
      #expect(page.total == 10)
    }
    #expect(pages.map(\.count) == [3, 3, 3, 1])
    #expect(pages.joined().elementsEqual((0..<10).map { "\($0)@g.us" }))
  }

  @Test func `of a name nobody could have written the beginning is kept`() async throws {
    let name = String(repeating: "é", count: 100_000)
    let service = try await Service(groups: [Group(id: "1@g.us", name: name)])
    #expect(try await service.groups().items.map(\.groupName) == [String(name.prefix(2_048))])
  }

  @Test func `pages are as long as the specification says when no limit is given`() async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 60))
    #expect(try await service.groups().items.count == 10)
    #expect(try await service.contacts().items.count == 50)
  }

  @Test func `who has no name comes last, by number, and then who has neither`() async throws {
    let service = try await Service(
      groups: [Group(id: "1@g.us", name: nil), Group(id: "2@g.us", name: "Z")],
      contacts: [
        Contact(id: "9@lid", names: [], number: nil),
        Contact(id: "1556@c.us", names: [], number: "1556"),
        Contact(id: "1555@c.us", names: [], number: "1555"),
        Contact(id: "7@c.us", names: ["Zoe"], number: "7"),
      ])
    let people = try await service.contacts().items
    #expect(people.map(\.groupName) == ["Zoe", "+1555", "+1556", ""])
    #expect(people.map(\.number) == ["7", "1555", "1556", nil])
    #expect(try await service.groups().items.map(\.groupName) == ["Z", ""])
  }

  @Test func `names that differ in case and marks alone stand together`() async throws {
    let names = ["Éva", "eva", "EVE", "Evb", "ève"]
    let service = try await Service(
      groups: names.enumerated().map { Group(id: "\($0.offset)@g.us", name: $0.element) })
    #expect(
      try await service.groups().items.map(\.groupName) == ["eva", "Éva", "Evb", "EVE", "ève"])
  }
}
