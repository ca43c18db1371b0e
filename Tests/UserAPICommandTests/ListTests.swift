import ArgumentParser
import Testing
import UserAPI

@testable import user_api

@Suite struct ListTests {
  /// A server with ten groups, whose snapshot expires when the pages of `expiring` are asked for.
  private final class List {
    var requests: [DirectoryRequest] = []
    private var expiring: Set<Int>

    init(expiring: Set<Int> = []) {
      self.expiring = expiring
    }

    func page(_ request: DirectoryRequest) throws(UserAPIError) -> GroupPage {
      self.requests.append(request)
      if self.expiring.remove(self.requests.count) != nil {
        throw UserAPIError(.snapshotExpired, "gone")
      }
      let end = min(request.cursor + (request.limit ?? 10), 10)
      return GroupPage(
        items: (request.cursor..<end).map { GroupItem(groupId: "\($0)", groupName: "") },
        nextCursor: end < 10 ? end : nil, total: 10, snapshot: request.snapshot ?? "s")
    }
  }

  private func read(_ list: List, _ arguments: String...) async throws -> GroupPage {
    try await ListOptions.parse(arguments + ["--session", "x"]).read(session: "x") {
      request throws(UserAPIError) in try list.page(request)
    }
  }

  @Test func `all pages are of one snapshot`() async throws {
    let list = List()
    let page = try await self.read(list, "--all", "--limit", "4")
    #expect(page.items.map(\.groupId) == (0..<10).map(String.init))
    #expect(list.requests.map(\.snapshot) == [nil, "s", "s"])
    #expect(list.requests.map(\.cursor) == [0, 4, 8])
  }

  @Test func `a walk whose snapshot expires begins again, once`() async throws {
    let once = List(expiring: [3])
    let page = try await self.read(once, "--all", "--limit", "4")
    #expect(page.items.map(\.groupId) == (0..<10).map(String.init))
    #expect(once.requests.map(\.cursor) == [0, 4, 8, 0, 4, 8])
    #expect(once.requests[3].snapshot == nil)
    let twice = List(expiring: [2, 4])
    let error = await #expect(throws: UserAPIError.self) {
      try await self.read(twice, "--all", "--limit", "4")
    }
    #expect(error?.reason == .snapshotExpired)
  }

  @Test func `a snapshot that was asked for is not given up`() async throws {
    for arguments in [["--all"], []] {
      let list = List(expiring: [1])
      let error = await #expect(throws: UserAPIError.self) {
        try await ListOptions.parse(arguments + ["--session", "x", "--snapshot", "old"])
          .read(session: "x") { request throws(UserAPIError) in try list.page(request) }
      }
      #expect(error?.reason == .snapshotExpired)
      #expect(list.requests.map(\.snapshot) == ["old"])
    }
  }

  @Test(arguments: [("0s", 0), ("1ms", 1), ("10s", 10_000)])
  func `an age is asked for in milliseconds`(text: String, age: Int) async throws {
    let list = List()
    _ = try await self.read(list, "--max-age", text)
    #expect(list.requests.map(\.maxAgeMs) == [age])
  }
}
