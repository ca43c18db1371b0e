import DirectoryService
import NIOConcurrencyHelpers
import SessionService
import TestKit
import Testing
import UserAPI
import WAHA
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct PagingTests {
  typealias Entry = WAHASimulator.Contact

  /// The engines that page contacts, with a small page.
  static let engines = [Engine.noweb, .gows]

  static func contacts(_ count: Int) -> [Entry] {
    (0..<count).map { Entry(id: "\(15_550_000_000 + $0 * 2)@c.us", name: "Name \($0)") }
  }

  static func groups(_ count: Int) -> [WAHASimulator.Group] {
    (0..<count).map { WAHASimulator.Group(id: "\(100 + $0)@g.us", name: "Group \($0)") }
  }

  /// The queries of the calls for a list.
  func queries(_ server: SimulatorServer, _ path: String) -> [String] {
    server.requests().filter { $0.path.hasPrefix(path) }
      .map { String($0.path.dropFirst(path.count)) }
  }

  @Test(arguments: engines, [0, 1, 2, 9, 10, 11, 18, 19, 20, 27, 28, 29, 100])
  func `contacts that come page by page are all there, each once`(
    engine: Engine, count: Int
  ) async throws {
    try await withWAHA(engine, configure: { $0.pageSize = 10 }) { pair in
      pair.server.setAddressBook(groups: [], contacts: Self.contacts(count))
      let session = try await pair.session("WORKING")
      let people = try await pair.waha.contacts(of: session)
      #expect(people.map(\.id).sorted() == Self.contacts(count).map(\.id).sorted())
      let offsets = count < 10 ? [0] : Array(stride(from: 0, through: count - 1, by: 9))
      #expect(
        self.queries(pair.server, "/api/contacts/all")
          == offsets.map {
            "?session=s_test&sortBy=id&sortOrder=asc&limit=10&offset=\($0)"
          })
    }
  }

  @Test(arguments: [0, 9, 10, 11, 28, 29])
  func `groups that come page by page are all there, each once`(count: Int) async throws {
    try await withWAHA(.noweb, configure: { $0.pageSize = 10 }) { pair in
      pair.server.setAddressBook(groups: Self.groups(count), contacts: [])
      let session = try await pair.session("WORKING")
      let groups = try await pair.waha.groups(of: session)
      #expect(groups.map(\.id).sorted() == Self.groups(count).map(\.id).sorted())
      let offsets = count < 10 ? [0] : Array(stride(from: 0, through: count - 1, by: 9))
      #expect(
        self.queries(pair.server, "/api/s_test/groups")
          == offsets.map {
            "?exclude=participants&sortBy=id&sortOrder=asc&limit=10&offset=\($0)"
          })
    }
  }

  @Test(arguments: [
    (Engine.webjs, ServerVersion.latest), (.webjs, ServerVersion(2024, 10, 8)),
    (.noweb, ServerVersion(2024, 10, 8)), (.gows, ServerVersion(2025, 1, 9)),
  ])
  func `where a page costs as much as the whole, the whole is asked for`(
    engine: Engine, version: ServerVersion
  ) async throws {
    try await withWAHA(engine, version: version, configure: { $0.pageSize = 10 }) { pair in
      pair.server.setAddressBook(groups: Self.groups(25), contacts: Self.contacts(25))
      let session = try await pair.session("WORKING")
      #expect(try await pair.waha.groups(of: session).count == 25)
      #expect(try await pair.waha.contacts(of: session).count == 25)
      #expect(self.queries(pair.server, "/api/contacts/all") == ["?session=s_test"])
      #expect(self.queries(pair.server, "/api/s_test/groups") == ["?exclude=participants"])
    }
  }

  /// Lets the list move after each of the first calls for it.
  final class Mover: Sendable {
    private let books: NIOLockedValueBox<[[Entry]]>

    init(_ books: [[Entry]]) { self.books = NIOLockedValueBox(books) }

    func observe(_ server: SimulatorServer, _ event: WAHAEvent) {
      guard case .called(.contacts, _, _) = event else { return }
      let book = self.books.withLockedValue { $0.isEmpty ? nil : $0.removeFirst() }
      if let book { server.setAddressBook(groups: [], contacts: book) }
    }
  }

  /// The list of 25 with one more entry, or one fewer, before all others.
  static let moves: [[Entry]] = [
    [Entry(id: "10000000000@c.us", name: "New")] + contacts(25), Array(contacts(25).dropFirst()),
  ]

  @Test(arguments: engines, moves)
  func `a list that moves between two pages is read from its beginning`(
    engine: Engine, moved: [Entry]
  ) async throws {
    let mover = Mover([moved])
    try await withWAHA(
      engine, observe: { mover.observe($0, $1) }, configure: { $0.pageSize = 10 }
    ) { pair in
      pair.server.setAddressBook(groups: [], contacts: Self.contacts(25))
      let session = try await pair.session("WORKING")
      let people = try await pair.waha.contacts(of: session)
      #expect(people.map(\.id).sorted() == moved.map(\.id).sorted())
      #expect(self.queries(pair.server, "/api/contacts/all").count == 5)
    }
  }

  @Test(arguments: engines)
  func `an entry that comes behind what was read moves nothing`(engine: Engine) async throws {
    let grown = Self.contacts(25) + [Entry(id: "19990000000@c.us")]
    let mover = Mover([grown])
    try await withWAHA(
      engine, observe: { mover.observe($0, $1) }, configure: { $0.pageSize = 10 }
    ) { pair in
      pair.server.setAddressBook(groups: [], contacts: Self.contacts(25))
      let session = try await pair.session("WORKING")
      #expect(try await pair.waha.contacts(of: session).count == 26)
      #expect(self.queries(pair.server, "/api/contacts/all").count == 3)
    }
  }

  @Test(arguments: engines)
  func `a list that goes on moving is busy, and gives nothing until it stands still`(
    engine: Engine
  ) async throws {
    let mover = Mover([Self.moves[0], Self.moves[0], Self.contacts(25)])
    try await withWAHA(
      engine, observe: { mover.observe($0, $1) }, configure: { $0.pageSize = 10 }
    ) { pair in
      pair.server.setAddressBook(groups: [], contacts: Self.contacts(25))
      let session = try await pair.session("WORKING")
      let error = await failure { () async throws(UserAPIError) in
        try await pair.waha.contacts(of: session) { _ in Issue.record("somebody is given") }
      }
      #expect(error?.reason == .upstreamBusy)
      #expect(error?.retryAfter == .seconds(1))
      #expect(self.queries(pair.server, "/api/contacts/all").count == 4)
      #expect(try await pair.waha.contacts(of: session).count == 25)
    }
  }

  @Test func `a list that shrinks to nothing is read as empty`() async throws {
    let mover = Mover([[]])
    try await withWAHA(
      .noweb, observe: { mover.observe($0, $1) }, configure: { $0.pageSize = 10 }
    ) { pair in
      pair.server.setAddressBook(groups: [], contacts: Self.contacts(25))
      let session = try await pair.session("WORKING")
      #expect(try await pair.waha.contacts(of: session).isEmpty)
    }
  }

  @Test(arguments: [(9, 1), (10, 3), (11, 1), (25, 1)])
  func `a server that ignores the parameters has given the whole list`(
    count: Int, calls: Int
  ) async throws {
    try await withWAHA(.noweb, configure: { $0.pageSize = 10 }) { pair in
      let session = try await pair.session("WORKING")
      let list = Self.contacts(count).map { #"{"id":"\#($0.id)"}"# }.joined(separator: ",")
      pair.server.addFault(Fault(.status(200, body: "[\(list)]"), path: "/api/contacts/all"))
      #expect(try await pair.waha.contacts(of: session).count == count)
      #expect(self.queries(pair.server, "/api/contacts/all").count == calls)
    }
  }

  @Test func `a list whose server knows no offset is read at once`() async throws {
    try await withWAHA(.noweb, configure: { $0.pageSize = 10 }) { pair in
      pair.server.setAddressBook(groups: [], contacts: Self.contacts(25))
      let session = try await pair.session("WORKING")
      let page = Self.contacts(10).map { #"{"id":"\#($0.id)"}"# }.joined(separator: ",")
      pair.server.addFault(
        Fault(.status(200, body: "[\(page)]"), path: "/api/contacts/all", count: 2))
      #expect(try await pair.waha.contacts(of: session).count == 25)
      #expect(
        self.queries(pair.server, "/api/contacts/all").last
          == "?session=s_test&sortBy=id&sortOrder=asc")
    }
  }

  @Test func `the pages of a list count together against its limit`() async throws {
    // A contact is some 45 bytes.
    try await withWAHA(
      .noweb,
      configure: {
        $0.pageSize = 10
        $0.maxListSize = 1_000
      }
    ) { pair in
      pair.server.setAddressBook(groups: [], contacts: Self.contacts(15))
      let session = try await pair.session("WORKING")
      #expect(try await pair.waha.contacts(of: session).count == 15)
      pair.server.setAddressBook(groups: [], contacts: Self.contacts(50))
      #expect(await Function.contacts.failure(pair.waha, session)?.reason == .upstreamListTooLarge)
    }
  }

  @Test func `LIDs that are too long for what the list has left are done without`() async throws {
    let events = Recorder<WAHAEvent>()
    try await withWAHA(
      .gows, observe: { _, event in if case .listSkipped = event { events.append(event) } },
      configure: { $0.maxListSize = 700 }
    ) { pair in
      let hidden = (0..<12).map { Entry(id: "\(200 + $0)@lid", number: "\(1555 + $0)@c.us") }
      pair.server.setAddressBook(groups: [], contacts: Array(hidden.prefix(5)))
      let session = try await pair.session("WORKING")
      let people = try await pair.waha.contacts(of: session)
      #expect(people.map(\.id).sorted() == hidden.prefix(5).compactMap(\.number).sorted())
      #expect(events.values.isEmpty)
      pair.server.setAddressBook(groups: [], contacts: hidden)
      #expect(
        try await pair.waha.contacts(of: session).map(\.id).sorted() == hidden.map(\.id).sorted())
      #expect(events.values == [.listSkipped(.lids)])
    }
  }

  @Test(arguments: [1, 9, 10, 11, 300])
  func `LIDs are asked for at once and are all known`(count: Int) async throws {
    try await withWAHA(.gows, configure: { $0.pageSize = 10 }) { pair in
      let hidden = (0..<count).map { Entry(id: "\(200 + $0)@lid", number: "\(1555 + $0)@c.us") }
      pair.server.setAddressBook(groups: [], contacts: hidden)
      let session = try await pair.session("WORKING")
      let people = try await pair.waha.contacts(of: session)
      #expect(people.map(\.id).sorted() == hidden.compactMap(\.number).sorted())
      #expect(self.queries(pair.server, "/api/s_test/lids") == ["?limit=1000000"])
    }
  }

  @Test(arguments: [-1, 0, 1])
  func `a page has two entries at least`(pageSize: Int) async throws {
    try await withWAHA(.noweb, configure: { $0.pageSize = pageSize }) { pair in
      pair.server.setAddressBook(groups: Self.groups(4), contacts: Self.contacts(5))
      let session = try await pair.session("WORKING")
      #expect(try await pair.waha.groups(of: session).count == 4)
      #expect(try await pair.waha.contacts(of: session).count == 5)
    }
  }

  @Test(arguments: [
    (Fault.Answer.status(500), 5), (.status(200, body: "<html>login</html>"), 5),
    (.status(200, body: "{}"), 5), (.status(401), 600), (.status(403), 600), (.status(404), 600),
  ])
  func `a WAHA that does not say what it is is asked again, soon if it may say`(
    answer: Fault.Answer, seconds: Int
  ) async throws {
    let time = ManualTime()
    try await withWAHA(.noweb, now: { time.now }) { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(answer, path: "/api/server/version", count: 1))
      _ = try await pair.waha.groups(of: session)
      time.advance(by: .seconds(seconds - 1))
      _ = try await pair.waha.groups(of: session)
      #expect(self.queries(pair.server, "/api/server/version").count == 1)
      time.advance(by: .seconds(1))
      _ = try await pair.waha.groups(of: session)
      #expect(self.queries(pair.server, "/api/server/version").count == 2)
    }
  }

  @Test func `a WAHA that is asked too often what it is says so`() async throws {
    try await withWAHA(.noweb) { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(.status(429), path: "/api/server/version", count: 1))
      #expect(await Function.groups.failure(pair.waha, session)?.reason == .upstreamRateLimited)
      _ = try await pair.waha.groups(of: session)
      #expect(self.queries(pair.server, "/api/server/version").count == 2)
    }
  }

  @Test func `WAHA is asked once what it is`() async throws {
    let time = ManualTime()
    try await withWAHA(.noweb, now: { time.now }) { pair in
      let session = try await pair.session("WORKING")
      for _ in 0..<3 {
        _ = try await pair.waha.groups(of: session)
        _ = try await pair.waha.contacts(of: session)
      }
      #expect(self.queries(pair.server, "/api/server/version").count == 1)
      time.advance(by: .seconds(599))
      _ = try await pair.waha.groups(of: session)
      #expect(self.queries(pair.server, "/api/server/version").count == 1)
      time.advance(by: .seconds(1))
      _ = try await pair.waha.groups(of: session)
      #expect(self.queries(pair.server, "/api/server/version").count == 2)
    }
  }

  @Test func `a WAHA that failed is asked again what it is`() async throws {
    try await withWAHA(.noweb) { pair in
      let session = try await pair.session("WORKING")
      _ = try await pair.waha.groups(of: session)
      pair.server.addFault(Fault(.drop, method: "POST"))
      #expect(await Function.restart.failure(pair.waha, session)?.reason == .upstreamUnavailable)
      pair.server.clearFaults()
      pair.server.setEngine(.webjs)
      pair.server.clearRequests()
      _ = try await pair.waha.groups(of: session)
      #expect(self.queries(pair.server, "/api/server/version").count == 1)
      #expect(self.queries(pair.server, "/api/s_test/groups") == ["?exclude=participants"])
    }
  }

  @Test(arguments: [
    Fault.Answer.status(401), .status(403), .status(404), .status(500), .status(200, body: "{}"),
    .status(200, body: "null"), .status(200, body: "<html>"), .status(200),
    .status(200, body: #"{"engine":"NOWEB","version":"unreleased"}"#),
  ])
  func `a WAHA that does not say what it is is asked for everything at once`(
    answer: Fault.Answer
  ) async throws {
    let time = ManualTime()
    try await withWAHA(.noweb, now: { time.now }, configure: { $0.pageSize = 10 }) { pair in
      pair.server.setAddressBook(groups: Self.groups(25), contacts: Self.contacts(25))
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(answer, path: "/api/server/version"))
      #expect(try await pair.waha.groups(of: session).count == 25)
      #expect(try await pair.waha.contacts(of: session).count == 25)
      #expect(self.queries(pair.server, "/api/contacts/all") == ["?session=s_test"])
      #expect(self.queries(pair.server, "/api/server/version").count == 1)
    }
  }
}
