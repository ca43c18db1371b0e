package import DirectoryService
package import SessionService
package import UserAPI

extension WAHAUpstream: DirectoryUpstream {
  package func groups(
    of session: OwnedSession, _ take: (Group) -> Void
  ) async throws(UserAPIError) {
    let path = ["api", try session.wahaName, "groups"]
    let dialect = try await self.dialect()
    var table = GroupTable()
    var tally = ListTally(room: self.maxListSize)
    defer { self.report(.groups, tally) }
    let request = ListRequest(
      call: .groups, path: path,
      // Participants are most of the answer, and servers that do not know the word ignore it.
      query: [("exclude", "participants")] + (dialect.pagesGroups ? Self.order : []),
      pageSize: dialect.pagesGroups ? self.pageSize : nil,
      deadline: self.now() + self.configuration.listTimeout,
      keys: GroupTable.keys, idKeys: ["id", "JID"], containers: dialect.groupContainers)
    try await self.read(request, tally: &tally) {
      table.removeAll()
    } add: {
      table.add($0)
    }
    try tally.requireUnderstood()
    table.groups.forEach(take)
  }

  package func contacts(
    of session: OwnedSession, _ take: (Contact) -> Void
  ) async throws(UserAPIError) {
    let name = try session.wahaName
    // Two engines do not mark the account itself in its own list.
    guard let view = try await self.view(of: session) else { throw UserAPIError.missingUpstream }
    let dialect = try await self.dialect()
    var table = ContactTable(owner: view.me)
    var tally = ListTally(room: self.maxListSize)
    defer { self.report(.contacts, tally) }
    let request = ListRequest(
      call: .contacts, path: ["api", "contacts", "all"],
      query: [("session", name)] + (dialect.pagesContacts ? Self.order : []),
      pageSize: dialect.pagesContacts ? self.pageSize : nil,
      deadline: self.now() + self.configuration.listTimeout,
      keys: ContactEntry.keys, idKeys: ["id"])
    try await self.read(request, tally: &tally) {
      table.removeAll()
    } add: {
      table.add($0)
    }
    try tally.requireUnderstood()
    if table.resolveByEntries(), dialect.mayHaveLids {
      try await self.resolveLids(
        of: name, in: &table, room: tally.room, deadline: request.deadline)
    }
    try table.forEachPerson(take)
  }

  /// Finds the numbers of people whom the list has under their LID alone.
  private func resolveLids(
    of name: String, in table: inout ContactTable, room: Int, deadline: ContinuousClock.Instant
  ) async throws(UserAPIError) {
    var tally = ListTally(room: room)
    defer { self.report(.lids, tally) }
    let request = ListRequest(
      call: .lids, path: ["api", name, "lids"], query: [("limit", "\(Self.maxLids)")],
      deadline: deadline, keys: LidPair.keys, idKeys: ["lid"], isOptional: true)
    do throws(UserAPIError) {
      try await self.read(request, tally: &tally) {
        // A pair that was found stays true however the list moves.
      } add: { entry in
        guard let pair = LidPair(entry) else { return false }
        if let number = pair.number { table.resolve(lid: pair.lid, number: number) }
        return true
      }
    } catch {
      // People under their LID are better than nobody.
      guard error.reason == .upstreamListTooLarge else { throw error }
      self.observe(.listSkipped(.lids))
      return
    }
    try tally.requireUnderstood()
  }

  /// How many LIDs are asked for, at once: WAHA makes the whole list for each page of it, in no
  /// order, and without a limit gives a hundred.
  private static let maxLids = 1_000_000

  /// What makes pages of a list fit each other.
  private static let order = [(name: "sortBy", value: "id"), (name: "sortOrder", value: "asc")]

  private func report(_ list: WAHAList, _ tally: ListTally) {
    if tally.dropped > 0 { self.observe(.entriesDropped(list, tally.dropped)) }
  }
}
