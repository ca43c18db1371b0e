import DirectoryService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct WalkTests {
  @Test(arguments: ListKind.allCases, 0..<10)
  func `a walk sees one list, whatever is read meanwhile`(kind: ListKind, seed: Int) async throws {
    var random = SeededRandom(seed: UInt64(seed))
    var books = [PlainAddressBook(seed: UInt64(seed), size: 40)]
    let service = try await Service(book: books[0])
    for round in 0..<20 {
      let search =
        PlainAddressBook.searches(seed: UInt64(seed)).randomElement(using: &random) ?? nil
      var page = try await kind.page(
        service, limit: Int.random(in: 1...9, using: &random), search: search?.text,
        maxAgeMs: Bool.random(using: &random) ? 0 : nil)
      var rows = page.rows
      while let cursor = page.nextCursor {
        if Bool.random(using: &random) {
          books.append(
            PlainAddressBook(
              seed: UInt64(seed * 1_000 + round), size: Int.random(in: 30...50, using: &random)))
          service.setBook(books[books.count - 1])
          service.time.advance(by: .seconds(Int.random(in: 1...100, using: &random)))
          _ = try await kind.page(service, maxAgeMs: Bool.random(using: &random) ? 0 : nil)
        }
        let total = page.total
        page = try await kind.page(
          service, limit: Int.random(in: 1...9, using: &random), cursor: cursor,
          search: search?.text, snapshot: page.snapshot)
        rows += page.rows
        #expect(page.total == total)
      }
      #expect(page.total == rows.count)
      // Which of them it began on depends on which reads were under way.
      let isOneOfThem = books.contains { PlainRules.rows($0, kind, search) == rows }
      #expect(isOneOfThem, "\(search?.text ?? "everything"), round \(round)")
    }
  }

  @Test(arguments: ListKind.allCases)
  func `walks at the same time as refreshes see no gap and no repeat`(kind: ListKind) async throws {
    let books = (0..<4).map { PlainAddressBook(seed: UInt64($0), size: 60) }
    let lists = Set(books.map { PlainRules.rows($0, kind, nil) })
    let service = try await Service(book: books[0])
    let whole = Recorder<Int>()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for round in 0..<100 {
          service.setBook(books[round % books.count])
          _ = try await kind.page(service, maxAgeMs: 0)
        }
      }
      for limit in [1, 7, 13, 59] {
        group.addTask {
          for _ in 0..<20 {
            var page = try await kind.page(service, limit: limit)
            var rows = page.rows
            do {
              while let cursor = page.nextCursor {
                page = try await kind.page(
                  service, limit: limit, cursor: cursor, snapshot: page.snapshot)
                rows += page.rows
              }
            } catch let error as UserAPIError where error.reason == .snapshotExpired {
              // More lists have come than are kept: said, and nothing is missed.
              continue
            }
            let isOneOfThem = lists.contains(rows)
            #expect(isOneOfThem)
            whole.append(limit)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(!whole.values.isEmpty)
  }

  @Test(arguments: ListKind.allCases)
  func `a walk that has begun is not lost to a refresh that ends with its first page`(
    kind: ListKind
  ) async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 20))
    let first = try await kind.page(service, limit: 20)
    service.setBook(PlainAddressBook(seed: 2, size: 20))
    _ = try await kind.page(service, limit: 20, maxAgeMs: 0)
    #expect(try await kind.page(service, snapshot: first.snapshot).snapshot == first.snapshot)
  }

  // MARK: Memory

  @Test(arguments: ListKind.allCases)
  func `so many lists stay for walks, and no more`(kind: ListKind) async throws {
    let service = try await Service { $0.maxWalkedSnapshots = 3 }
    var snapshots: [String?] = []
    for seed in 1...6 {
      service.setBook(PlainAddressBook(seed: UInt64(seed), size: 20))
      snapshots.append(try await kind.page(service, limit: 1, maxAgeMs: 0).snapshot)
    }
    for (index, snapshot) in snapshots.enumerated() {
      let error = await failure { () async throws(UserAPIError) in
        try await kind.page(service, snapshot: snapshot)
      }
      #expect(error?.reason == (index < 2 ? .snapshotExpired : nil))
    }
  }

  @Test(arguments: ListKind.allCases)
  func `one list's walks take no more than a quarter of the memory`(kind: ListKind) async throws {
    let one = try await Service(book: PlainAddressBook(seed: 1, size: 60))
    _ = try await kind.page(one)
    let size = one.directory.size
    let service = try await Service { $0.maxSize = 8 * size }
    for seed in 1...9 {
      service.setBook(PlainAddressBook(seed: UInt64(seed), size: 60))
      _ = try await kind.page(service, limit: 1, maxAgeMs: 0)
    }
    #expect(service.directory.size < 4 * size)
  }

  @Test func `over the limit the list goes that nobody has asked for longest`() async throws {
    let one = try await Service(book: PlainAddressBook(seed: 1, size: 60))
    _ = try await one.contacts()
    let size = one.directory.size
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 60)) {
      $0.maxSize = size + 100
    }
    _ = try await service.groups()
    _ = try await service.contacts()
    #expect(service.directory.size <= size + 100)
    _ = try await service.contacts()
    #expect(service.upstream.script.count(.contacts) == 1)
    _ = try await service.groups()
    #expect(service.upstream.script.count(.groups) == 2)
  }

  @Test(arguments: ListKind.allCases)
  func `a list that nobody asks for any more is forgotten`(kind: ListKind) async throws {
    let other = kind == .groups ? ListKind.contacts : .groups
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 60))
    _ = try await other.page(service)
    let size = service.directory.size
    _ = try await kind.page(service)
    service.time.advance(by: .seconds(600))
    _ = try await other.page(service)
    #expect(service.directory.size == size)
  }

  @Test(arguments: ListKind.allCases)
  func `a snapshot over which nobody walks goes with the next`(kind: ListKind) async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 20))
    let whole = try await kind.page(service, limit: 20)
    let size = service.directory.size
    // A page of it may still be on its way.
    service.time.advance(by: .seconds(10))
    service.setBook(PlainAddressBook(seed: 2, size: 20))
    _ = try await kind.page(service, limit: 20, maxAgeMs: 0)
    let error = await failure { () async throws(UserAPIError) in
      try await kind.page(service, snapshot: whole.snapshot)
    }
    #expect(error?.reason == .snapshotExpired)
    #expect(service.directory.size < 2 * size)
  }

  @Test(arguments: ListKind.allCases)
  func `a walk that nobody goes on with is forgotten after a while`(kind: ListKind) async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 20))
    let first = try await kind.page(service, limit: 1)
    service.time.advance(by: .seconds(299))
    service.setBook(PlainAddressBook(seed: 2, size: 20))
    _ = try await kind.page(service, limit: 20, maxAgeMs: 0)
    #expect(try await kind.page(service, snapshot: first.snapshot).snapshot == first.snapshot)
    service.time.advance(by: .seconds(300))
    service.setBook(PlainAddressBook(seed: 3, size: 20))
    _ = try await kind.page(service, limit: 20, maxAgeMs: 0)
    let error = await failure { () async throws(UserAPIError) in
      try await kind.page(service, snapshot: first.snapshot)
    }
    #expect(error?.reason == .snapshotExpired)
  }

  @Test(arguments: ListKind.allCases, ["", "no such", "\u{0}", "é"])
  func `a snapshot that never was is expired`(kind: ListKind, id: String) async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 20))
    _ = try await kind.page(service, limit: 1)
    let error = await failure { () async throws(UserAPIError) in
      try await kind.page(service, snapshot: id)
    }
    #expect(error?.reason == .snapshotExpired)
    #expect(service.upstream.script.count(kind.step) == 1)
  }

  @Test func `the snapshot of one list is none of the other`() async throws {
    let service = try await Service(book: PlainAddressBook(seed: 1, size: 20))
    let groups = try await service.groups()
    let error = await failure { () async throws(UserAPIError) in
      try await ListKind.contacts.page(service, snapshot: groups.snapshot)
    }
    #expect(error?.reason == .snapshotExpired)
  }
}
