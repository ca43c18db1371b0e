import DirectoryService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(1))) struct PageTests {
  @Test(arguments: Kind.allCases, 0..<12)
  func `pages put together are exactly the filtered and sorted list`(
    kind: Kind, seed: Int
  ) async throws {
    let book = AddressBook(seed: UInt64(seed), size: [0, 1, 2, 7, 60][seed % 5])
    let service = try await Service(groups: book.groups, contacts: book.contacts)
    for search in book.searches {
      let expected = kind.rows(book, search)
      for limit in [1, 2, 3, 10, 59, 60, 61, Int.max] {
        var rows: [Rules.Row] = []
        var cursor: Int? = 0
        while let start = cursor {
          let page = try await kind.page(service, limit: limit, cursor: start, search: search)
          rows += page.rows
          cursor = page.nextCursor
          #expect(page.total == expected.count)
          #expect(page.rows.count <= limit)
          #expect((page.nextCursor != nil) == (rows.count < expected.count))
          if page.rows.isEmpty { break }
        }
        // Whole lists in a report help nobody.
        let isExpected = rows == expected
        #expect(isExpected, "\(search ?? "everything") by \(limit)")
      }
    }
  }

  @Test(arguments: Kind.allCases, 0..<6)
  func `the order does not depend on the one in which WAHA gives the list`(
    kind: Kind, seed: Int
  ) async throws {
    let book = AddressBook(seed: UInt64(seed), size: 60)
    var random = SeededRandom(seed: UInt64(seed) + 100)
    let expected = kind.rows(book, nil)
    for _ in 0..<20 {
      let service = try await Service(
        groups: book.groups.shuffled(using: &random),
        contacts: book.contacts.shuffled(using: &random))
      let isExpected = try await kind.page(service, limit: 100).rows == expected
      #expect(isExpected)
    }
  }

  @Test(arguments: Kind.allCases, [60, 61, 1_000, Int.max])
  func `a cursor at or beyond the end gives nothing`(kind: Kind, cursor: Int) async throws {
    let book = AddressBook(seed: 1, size: 60)
    let service = try await Service(groups: book.groups, contacts: book.contacts)
    for search in [nil, "n"] {
      let page = try await kind.page(service, limit: Int.max, cursor: cursor, search: search)
      #expect(page.rows.isEmpty)
      #expect(page.nextCursor == nil)
      #expect(page.total == kind.rows(book, search).count)
    }
  }

  @Test(arguments: Kind.allCases)
  func `a limit above the maximum is served as the maximum`(kind: Kind) async throws {
    let book = AddressBook(seed: 1, size: 60)
    let service = try await Service(
      groups: book.groups, contacts: book.contacts, maxPageSize: 7)
    let page = try await kind.page(service, limit: 8)
    #expect(page.rows.count == 7)
    #expect(page.nextCursor == 7)
  }

  @Test func `pages are as long as the specification says when no limit is given`() async throws {
    let book = AddressBook(seed: 1, size: 60)
    let service = try await Service(groups: book.groups, contacts: book.contacts)
    #expect(try await service.groups().items.count == 10)
    #expect(try await service.contacts().items.count == 50)
  }
}
