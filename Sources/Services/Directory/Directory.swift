package import SessionService
package import UserAPI

/// The groups and contacts of a session that its caller owns, paged and searched.
package final class Directory: Sendable {
  package struct Configuration: Sendable {
    /// For how long a list that was read serves the pages and searches that follow; zero reads
    /// it for each. Default: 30 s.
    package var maxAge: Duration = .seconds(30)
    /// How many lists of each kind are kept at most. Default: 256.
    package var capacity = 256
    /// The longest page. A longer one that is asked for is served as this. Default: 10,000.
    package var maxPageSize = 10_000

    package static let defaults = Self()

    package init() {}
  }

  private static let defaultGroupLimit = 10
  private static let defaultContactLimit = 50

  private let sessions: Sessions
  private let upstream: any DirectoryUpstream
  private let maxPageSize: Int
  private let groups: SharedReads<String, DirectoryList<GroupPage.Item>>
  private let contacts: SharedReads<String, DirectoryList<ContactPage.Item>>

  package init(
    sessions: Sessions, upstream: any DirectoryUpstream,
    now: @escaping @Sendable () -> ContinuousClock.Instant,
    configuration: Configuration = .defaults
  ) {
    self.sessions = sessions
    self.upstream = upstream
    self.maxPageSize = configuration.maxPageSize
    self.groups = SharedReads(
      maxAge: configuration.maxAge, capacity: configuration.capacity, now: now)
    self.contacts = SharedReads(
      maxAge: configuration.maxAge, capacity: configuration.capacity, now: now)
    sessions.observeChanges { [groups, contacts] session in
      groups.drop(session.name)
      contacts.drop(session.name)
    }
  }

  /// A page of the session's groups.
  ///
  /// - Throws: `SESSION_NOT_WORKING` at once when the session cannot be read.
  package func groups(
    of session: OwnedSession, _ request: DirectoryRequest
  ) async throws(UserAPIError) -> GroupPage {
    try await self.requireWorking(session)
    let upstream = self.upstream
    let list = try await self.groups.value(for: session.name) {
      () async throws(UserAPIError) -> DirectoryList<GroupPage.Item> in
      var entries: [DirectoryList<GroupPage.Item>.Entry] = []
      try await upstream.groups(of: session) { entries.append(Self.entry($0)) }
      return DirectoryList(entries)
    }
    let page = list.page(
      cursor: request.cursor, limit: self.limit(request, default: Self.defaultGroupLimit),
      search: request.search.flatMap(DirectorySearch.init))
    return GroupPage(items: page.items, nextCursor: page.nextCursor, total: page.total)
  }

  /// A page of the session's contacts.
  ///
  /// - Throws: `SESSION_NOT_WORKING` at once when the session cannot be read.
  package func contacts(
    of session: OwnedSession, _ request: DirectoryRequest
  ) async throws(UserAPIError) -> ContactPage {
    try await self.requireWorking(session)
    let upstream = self.upstream
    let list = try await self.contacts.value(for: session.name) {
      () async throws(UserAPIError) -> DirectoryList<ContactPage.Item> in
      var entries: [DirectoryList<ContactPage.Item>.Entry] = []
      try await upstream.contacts(of: session) { entries.append(Self.entry($0)) }
      return DirectoryList(entries)
    }
    let page = list.page(
      cursor: request.cursor, limit: self.limit(request, default: Self.defaultContactLimit),
      search: request.search.flatMap(DirectorySearch.init))
    return ContactPage(items: page.items, nextCursor: page.nextCursor, total: page.total)
  }

  private func requireWorking(_ session: OwnedSession) async throws(UserAPIError) {
    guard try await self.sessions.status(of: session) == .working else {
      throw UserAPIError(
        .sessionNotWorking, "groups and contacts can be read only while the session works")
    }
  }

  private func limit(_ request: DirectoryRequest, default: Int) -> Int {
    min(request.limit ?? `default`, self.maxPageSize)
  }

  private static func entry(_ group: Group) -> DirectoryList<GroupPage.Item>.Entry {
    let name = group.name ?? ""
    let key = name.lowercased()
    return DirectoryList.Entry(
      item: GroupPage.Item(groupId: group.id, groupName: name), sortKey: key, id: group.id,
      texts: [key])
  }

  private static func entry(_ contact: Contact) -> DirectoryList<ContactPage.Item>.Entry {
    let name = contact.names.first ?? contact.number.map { "+" + $0 } ?? ""
    return DirectoryList.Entry(
      item: ContactPage.Item(groupId: contact.id, groupName: name, number: contact.number),
      sortKey: name.lowercased(), id: contact.id, texts: contact.names.map { $0.lowercased() },
      digits: contact.number)
  }
}
