import DirectoryService
import SessionService
import TestKit
import UserAPI

/// The real directory over a small WAHA.
struct Service {
  let upstream = ScriptedUpstream()
  let time = ManualTime()
  let sessions: Sessions
  let directory: Directory
  let session: OwnedSession

  init(
    _ status: SessionStatus? = .working, groups: [Group] = [], contacts: [Contact] = [],
    maxAge: Duration = .seconds(30), maxPageSize: Int = 10_000
  ) async throws {
    let store = InMemorySessionStore()
    store.setRecord(.sample())
    self.sessions = Sessions(store: store, upstream: self.upstream, time: self.time.source)
    self.session = try await self.sessions.session(named: "s_test", of: try await makeCaller())
    self.upstream.setStatus(status, named: "s_test")
    self.upstream.setGroups(groups)
    self.upstream.setContacts(contacts)
    var configuration = Directory.Configuration.defaults
    configuration.maxAge = maxAge
    configuration.maxPageSize = maxPageSize
    self.directory = Directory(
      sessions: self.sessions, upstream: self.upstream, now: { [time] in time.now },
      configuration: configuration)
  }

  /// Restarts the session, which works again at once.
  func restart() async throws {
    try await self.sessions.restart(self.session)
    self.upstream.setStatus(.working, named: "s_test")
    _ = try await self.sessions.status(of: self.session)
  }

  func groups(
    limit: Int? = nil, cursor: Int = 0, search: String? = nil
  ) async throws(UserAPIError) -> GroupPage {
    try await self.directory.groups(
      of: self.session,
      DirectoryRequest(sessionName: "s_test", limit: limit, cursor: cursor, search: search))
  }

  func contacts(
    limit: Int? = nil, cursor: Int = 0, search: String? = nil
  ) async throws(UserAPIError) -> ContactPage {
    try await self.directory.contacts(
      of: self.session,
      DirectoryRequest(sessionName: "s_test", limit: limit, cursor: cursor, search: search))
  }
}

/// The two lists, so that what holds for both is tested on both.
enum Kind: CaseIterable, Sendable {
  case groups, contacts

  var step: ScriptedUpstream.Step {
    switch self {
    case .groups: .groups
    case .contacts: .contacts
    }
  }

  /// The ids of a page, with what goes with them.
  func page(
    _ service: Service, limit: Int? = nil, cursor: Int = 0, search: String? = nil
  ) async throws(UserAPIError) -> (rows: [Rules.Row], nextCursor: Int?, total: Int?) {
    switch self {
    case .groups:
      let page = try await service.groups(limit: limit, cursor: cursor, search: search)
      let rows = page.items.map { Rules.Row(id: $0.groupId, name: $0.groupName, number: nil) }
      return (rows, page.nextCursor, page.total)
    case .contacts:
      let page = try await service.contacts(limit: limit, cursor: cursor, search: search)
      let rows = page.items.map {
        Rules.Row(id: $0.groupId, name: $0.groupName, number: $0.number)
      }
      return (rows, page.nextCursor, page.total)
    }
  }

  func rows(_ book: AddressBook, _ search: String?) -> [Rules.Row] {
    switch self {
    case .groups: Rules.groups(book, search)
    case .contacts: Rules.contacts(book, search)
    }
  }
}
