internal import ArgumentParser
internal import UserAPI
internal import UserAPIClient

/// Which items of a list to read.
struct ListOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Only those whose names or number have all these words.", valueName: "text"))
  var search: String?

  @Option(help: ArgumentHelp("How many to read at once, 1 or more.", valueName: "count"))
  var limit: Int?

  @Option(help: ArgumentHelp("How many to skip.", valueName: "count"))
  var cursor = 0

  @Option(
    help: ArgumentHelp("Go on over the list that a page before was taken from.", valueName: "id"))
  var snapshot: String?

  @Option(
    help: ArgumentHelp(
      "How old the list may be, such as 10s; by default as old as the server allows.",
      valueName: "duration"))
  var maxAge: Age?

  @Flag(help: "Read page after page to the end.")
  var all = false

  @OptionGroup var session: SessionOption

  func validate() throws {
    guard self.limit ?? 1 >= 1 else { throw ValidationError("--limit must be at least 1") }
    guard self.cursor >= 0 else { throw ValidationError("--cursor must be at least 0") }
  }

  /// How many items a page has when all are read and nothing else is said.
  private static let pageSize = 1_000

  /// Reads a page, or all of them as one.
  func read<Item>(
    _ client: UserAPIClient,
    _ call: (DirectoryRequest) async throws(UserAPIError) -> DirectoryPage<Item>
  ) async throws -> DirectoryPage<Item> {
    try await self.read(session: try await self.session.name(client), call)
  }

  func read<Item>(
    session: String, _ call: (DirectoryRequest) async throws(UserAPIError) -> DirectoryPage<Item>
  ) async throws(UserAPIError) -> DirectoryPage<Item> {
    let request = DirectoryRequest(
      sessionName: session, limit: self.limit ?? (self.all ? Self.pageSize : nil),
      cursor: self.cursor, search: self.search, snapshot: self.snapshot,
      maxAgeMs: self.maxAge.map { Int($0.duration / .milliseconds(1)) })
    do throws(UserAPIError) {
      return try await self.walk(request, call)
    } catch {
      // The list has changed on the way; a walk that began here can begin again, once.
      guard error.reason == .snapshotExpired, self.all, self.snapshot == nil else { throw error }
      return try await self.walk(request, call)
    }
  }

  private func walk<Item>(
    _ first: DirectoryRequest,
    _ call: (DirectoryRequest) async throws(UserAPIError) -> DirectoryPage<Item>
  ) async throws(UserAPIError) -> DirectoryPage<Item> {
    var request = first
    var page = try await call(request)
    while self.all, let cursor = page.nextCursor {
      guard cursor > request.cursor else {
        throw UserAPIError(.invalidResponse, "the server's pages come to no end")
      }
      request.cursor = cursor
      request.snapshot = page.snapshot
      let next = try await call(request)
      page.items += next.items
      page.nextCursor = next.nextCursor
      page.total = next.total ?? page.total
    }
    return page
  }
}

extension DirectoryPage {
  /// What stands under the table: how much there is and how to go on.
  var summary: String {
    let count = self.total.map { "\(self.items.count) of \($0)" } ?? "\(self.items.count)"
    let age = self.asOf.map { ", as of \($0)" } ?? ""
    let warning = self.warning.map { "\nwarning: \($0.rawValue)" } ?? ""
    guard let cursor = self.nextCursor else { return count + age + warning }
    let snapshot = self.snapshot.map { " --snapshot \($0)" } ?? ""
    return "\(count)\(age), go on with --cursor \(cursor)\(snapshot) or --all\(warning)"
  }
}

struct GroupsCommand: APICommand {
  static let configuration = CommandConfiguration(
    commandName: "groups", abstract: "List the groups that the session is in.")

  @OptionGroup var list: ListOptions
  @OptionGroup(title: "Global options") var options: GlobalOptions
  @ParentCommand var root: UserAPICommand

  func run(_ client: UserAPIClient, _ output: Output) async throws {
    let page = try await self.list.read(client) { request throws(UserAPIError) in
      try await client.getWhatsAppGroups(request)
    }
    output.print(page) { page.table }
  }
}

struct ContactsCommand: APICommand {
  static let configuration = CommandConfiguration(
    commandName: "contacts", abstract: "List the session's contacts.")

  @OptionGroup var list: ListOptions
  @OptionGroup(title: "Global options") var options: GlobalOptions
  @ParentCommand var root: UserAPICommand

  func run(_ client: UserAPIClient, _ output: Output) async throws {
    let page = try await self.list.read(client) { request throws(UserAPIError) in
      try await client.getWhatsAppContacts(request)
    }
    output.print(page) { page.table }
  }
}

extension GroupPage {
  /// For a terminal.
  var table: String {
    let table = Table(
      header: ["NAME", "ID"], rows: self.items.map { [$0.groupName, $0.groupId] })
    return table.text + "\n" + self.summary
  }
}

extension ContactPage {
  /// For a terminal.
  var table: String {
    let table = Table(
      header: ["NAME", "NUMBER", "ID"],
      rows: self.items.map { [$0.groupName, $0.number ?? "-", $0.groupId] })
    return table.text + "\n" + self.summary
  }
}
