import DirectoryService
import SessionService
import TestKit
import Testing
import UserAPI
import WAHA
import WAHASimulator

/// The directory over the real upstream over a stand-in WAHA of each engine.
@Suite(.timeLimit(.minutes(10))) struct WalkTests {
  private typealias Row = PlainRules.Row

  /// Pages are of random length, and WAHA's list changes and is read anew between them.
  @Test(arguments: Engine.allCases, 0..<4)
  func `a walk is the list by the rules, whatever the engine and however it is paged`(
    engine: Engine, seed: Int
  ) async throws {
    try await withWAHA(engine) { pair in
      var random = SeededRandom(seed: UInt64(seed))
      let session = try await pair.session("WORKING")
      let directory = Self.makeDirectory(pair)
      for round in 0..<6 {
        let size = [0, 1, 40, 90].randomElement(using: &random) ?? 1
        let book = Self.book(seed: UInt64(seed * 100 + round), size: size)
        for kind in ListKind.allCases {
          for search in PlainAddressBook.searches(seed: UInt64(round)) {
            Self.set(book, on: pair, using: &random)
            let rows = try await Self.walk(directory, session, kind, search?.text, &random) {
              random in
              Self.set(Self.book(seed: UInt64(round), size: 50), on: pair, using: &random)
            }
            let isExpected = rows == PlainRules.rows(book, kind, search)
            #expect(isExpected, "\(search?.text ?? "everything") of \(kind)")
          }
        }
      }
    }
  }

  /// All engines know two names of a person.
  private static func book(seed: UInt64, size: Int) -> PlainAddressBook {
    var book = PlainAddressBook(seed: seed, size: size)
    book.entries[.contacts] = book.entries[.contacts, default: []].map { entry in
      PlainAddressBook.Entry(
        id: entry.id, names: Array(entry.names.prefix(2)), number: entry.number)
    }
    return book
  }

  private static func set(
    _ book: PlainAddressBook, on pair: Pair, using random: inout SeededRandom
  ) {
    pair.server.setAddressBook(
      groups: Self.groups(book), contacts: Self.contacts(book, using: &random))
  }

  /// Believes what it reads the second time.
  private static func makeDirectory(_ pair: Pair) -> Directory {
    let store = InMemorySessionStore()
    let sessions = Sessions(store: store, upstream: pair.waha, time: ManualTime().source)
    var configuration = Directory.Configuration.defaults
    configuration.secondLookDelay = .zero
    configuration.minReadInterval = .zero
    return Directory(
      sessions: sessions, upstream: pair.waha,
      surroundings: Directory.Surroundings(
        now: { .now }, wallClock: { Timestamp(millisecondsSinceEpoch: 0) },
        sleep: { _ in }, jitter: { 0 }),
      configuration: configuration)
  }

  private static func walk(
    _ directory: Directory, _ session: OwnedSession, _ kind: ListKind, _ search: String?,
    _ random: inout SeededRandom, _ change: (inout SeededRandom) -> Void
  ) async throws -> [Row] {
    var rows: [Row] = []
    var request = DirectoryRequest(sessionName: session.name, search: search, maxAgeMs: 0)
    _ = try await Self.page(directory, session, kind, request)
    while true {
      request.limit = Int.random(in: 1...60, using: &random)
      let (items, cursor, snapshot, total) = try await Self.page(directory, session, kind, request)
      rows += items
      guard let cursor else {
        #expect(total == rows.count)
        return rows
      }
      request.cursor = cursor
      request.snapshot = snapshot
      guard Bool.random(using: &random) else { continue }
      change(&random)
      let newer = DirectoryRequest(sessionName: session.name, maxAgeMs: 0)
      _ = try await Self.page(directory, session, kind, newer)
    }
  }

  private static func page(
    _ directory: Directory, _ session: OwnedSession, _ kind: ListKind, _ request: DirectoryRequest
  ) async throws -> (rows: [Row], cursor: Int?, snapshot: String?, total: Int?) {
    switch kind {
    case .groups:
      let page = try await directory.groups(of: session, request)
      let rows = page.items.map { Row(id: $0.groupId, name: $0.groupName, number: nil) }
      return (rows, page.nextCursor, page.snapshot, page.total)
    case .contacts:
      let page = try await directory.contacts(of: session, request)
      let rows = page.items.map { Row(id: $0.groupId, name: $0.groupName, number: $0.number) }
      return (rows, page.nextCursor, page.snapshot, page.total)
    }
  }

  // MARK: The same book as the stand-in takes it

  private static func groups(_ book: PlainAddressBook) -> [WAHASimulator.Group] {
    book.groups.map { WAHASimulator.Group(id: $0.id, name: $0.name) }
  }

  /// With entries among them that are no people. All engines know the name and the push name.
  private static func contacts(
    _ book: PlainAddressBook, using random: inout SeededRandom
  ) -> [WAHASimulator.Contact] {
    let people = book.contacts.map { person in
      WAHASimulator.Contact(
        id: person.id, name: person.names.first, pushname: person.names.dropFirst().first)
    }
    return (people + NormalisationTests.nobodies).shuffled(using: &random)
  }
}
