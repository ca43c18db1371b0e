import DirectoryService
import SessionService
import TestKit
import UserAPI

/// The real directory over a small WAHA.
struct Service {
  let store = InMemorySessionStore()
  let upstream = ScriptedUpstream()
  let time = ManualTime()
  let sessions: Sessions
  let directory: Directory
  let session: OwnedSession

  init(
    _ status: SessionStatus? = .working, book: PlainAddressBook? = nil, groups: [Group] = [],
    contacts: [Contact] = [], placement: HostPlacement = .single,
    configure: (inout Directory.Configuration) -> Void = { _ in }
  ) async throws {
    self.store.setRecord(.sample(host: placement.hosts[0].name))
    var sessionConfiguration = Sessions.Configuration.defaults
    sessionConfiguration.placement = placement
    self.sessions = Sessions(
      store: self.store, upstream: self.upstream, time: self.time.source,
      configuration: sessionConfiguration)
    self.session = try await self.sessions.session(named: "s_test", of: try await makeCaller())
    self.upstream.setStatus(status, named: "s_test")
    self.upstream.setGroups(book?.groups ?? groups)
    self.upstream.setContacts(book?.contacts ?? contacts)
    var configuration = Directory.Configuration.defaults
    // A clock that stands still never comes to the end of it.
    configuration.minReadInterval = .zero
    configure(&configuration)
    self.directory = Directory(
      sessions: self.sessions, upstream: self.upstream,
      surroundings: Directory.Surroundings(
        now: { [time] in time.now }, wallClock: { [time] in time.wallClock },
        sleep: { [time] in try await time.sleep($0) }, jitter: { 1 }),
      configuration: configuration)
  }

  /// What WAHA has from now on.
  func setBook(_ book: PlainAddressBook) {
    self.upstream.setGroups(book.groups)
    self.upstream.setContacts(book.contacts)
  }

  /// Restarts the session, which works again at once.
  func restart() async throws {
    try await self.sessions.restart(self.session)
    self.upstream.setStatus(.working, named: "s_test")
    _ = try await self.sessions.status(of: self.session)
  }

  func groups(search: String? = nil) async throws(UserAPIError) -> GroupPage {
    try await self.directory.groups(
      of: self.session, DirectoryRequest(sessionName: "s_test", search: search))
  }

  func contacts(search: String? = nil) async throws(UserAPIError) -> ContactPage {
    try await self.directory.contacts(
      of: self.session, DirectoryRequest(sessionName: "s_test", search: search))
  }
}

extension ListKind {
  var step: ScriptedUpstream.Step {
    switch self {
    case .groups: .groups
    case .contacts: .contacts
    }
  }

  /// A page of either list, with rows that can be compared.
  struct Page {
    var rows: [PlainRules.Row]
    var nextCursor: Int?
    var total: Int?
    var snapshot: String?
    var asOf: Timestamp?
    var warning: DirectoryWarning?

    init<Item>(_ page: DirectoryPage<Item>, _ row: (Item) -> PlainRules.Row) {
      self.rows = page.items.map(row)
      self.nextCursor = page.nextCursor
      self.total = page.total
      self.snapshot = page.snapshot
      self.asOf = page.asOf
      self.warning = page.warning
    }
  }

  func page(
    _ service: Service, limit: Int? = nil, cursor: Int = 0, search: String? = nil,
    snapshot: String? = nil, maxAgeMs: Int? = nil
  ) async throws(UserAPIError) -> Page {
    let request = DirectoryRequest(
      sessionName: "s_test", limit: limit, cursor: cursor, search: search, snapshot: snapshot,
      maxAgeMs: maxAgeMs)
    switch self {
    case .groups:
      return Page(try await service.directory.groups(of: service.session, request)) {
        PlainRules.Row(id: $0.groupId, name: $0.groupName, number: nil)
      }
    case .contacts:
      return Page(try await service.directory.contacts(of: service.session, request)) {
        PlainRules.Row(id: $0.groupId, name: $0.groupName, number: $0.number)
      }
    }
  }
}
