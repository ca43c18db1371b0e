internal import ArgumentParser
internal import UserAPI
internal import UserAPIClient

/// Which items of a list to read.
struct ListOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Only those whose name or number contains this.", valueName: "text"))
  var search: String?

  @Option(help: ArgumentHelp("How many to read at once, 1 or more.", valueName: "count"))
  var limit: Int?

  @Option(help: ArgumentHelp("How many to skip.", valueName: "count"))
  var cursor = 0

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
  func read<Page: DirectoryPage>(
    _ client: UserAPIClient,
    _ call: (DirectoryRequest) async throws(UserAPIError) -> Page
  ) async throws -> Page {
    var request = DirectoryRequest(
      sessionName: try await self.session.name(client),
      limit: self.limit ?? (self.all ? Self.pageSize : nil), cursor: self.cursor,
      search: self.search)
    var page = try await call(request)
    while self.all, let cursor = page.nextCursor {
      guard cursor > request.cursor else {
        throw UserAPIError(.invalidResponse, "the server's pages come to no end")
      }
      request.cursor = cursor
      let next = try await call(request)
      page.items += next.items
      page.nextCursor = next.nextCursor
      page.total = next.total ?? page.total
    }
    return page
  }
}

/// A page of either list.
protocol DirectoryPage: Message {
  associatedtype Item
  var items: [Item] { get set }
  var nextCursor: Int? { get set }
  var total: Int? { get set }
}

extension GroupPage: DirectoryPage {}
extension ContactPage: DirectoryPage {}

extension DirectoryPage {
  /// What stands under the table: how much there is and how to go on.
  var summary: String {
    let count = self.total.map { "\(self.items.count) of \($0)" } ?? "\(self.items.count)"
    return self.nextCursor.map { "\(count), go on with --cursor \($0) or --all" } ?? count
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
