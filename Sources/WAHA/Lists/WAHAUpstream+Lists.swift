internal import SessionService
internal import UserAPI

extension WAHAUpstream {
  /// Reads a whole list, page by page or at once.
  ///
  /// - Parameters:
  ///   - tally: What is counted; what it has room for is left for what is read after it.
  ///   - restart: Forgets what was added: the list has changed and is read from the beginning.
  ///   - add: Takes an entry; says whether it was understood.
  /// - Throws: What the list's failure means. What was added then is not the list.
  func read(
    _ request: ListRequest, tally: inout ListTally, restart: () -> Void,
    add: (JSONObject) -> Bool
  ) async throws(UserAPIError) {
    let fresh = tally
    var request = request
    var moves = 0
    while moves < 2 {
      switch try await self.readOnce(request, tally: &tally, add: add) {
      case .next, .end: return
      case .unpaged: request.pageSize = nil
      case .moved: moves += 1
      }
      tally = fresh
      restart()
    }
    // Every entry made sense, and so will the list once it stands still.
    throw UserAPIError(
      .upstreamBusy, "the list at WAHA changes while it is read", retryAfter: Self.movedPause)
  }

  /// - Returns: Why it ended.
  private func readOnce(
    _ request: ListRequest, tally: inout ListTally, add: (JSONObject) -> Bool
  ) async throws(UserAPIError) -> PageCursor<JSONValue>.Step {
    var cursor = PageCursor<JSONValue>(limit: request.pageSize ?? .max)
    while true {
      let answer = try await self.page(of: request, offset: cursor.offset, room: tally.room)
      guard let answer else { return .end }
      tally.take(answer.body.count)
      let page = try Self.parse(
        answer.body, request, isFirst: cursor.offset == 0, tally: &tally, add: add)
      let step = cursor.pageCame(page)
      if step != .next { return step }
    }
  }

  /// A page as it came; nil from a server that does not have the list and need not.
  private func page(
    of request: ListRequest, offset: Int, room: Int
  ) async throws(UserAPIError) -> WAHAAnswer? {
    let answer = try await self.call(
      request.call, .get, request.path, query: request.query(offset: offset),
      timeout: request.deadline - self.now(), maxSize: room)
    if request.isOptional, answer.isMissingCall { return nil }
    if answer.isMissingSession { throw UserAPIError.missingUpstream }
    if answer.isWrongState {
      throw UserAPIError(
        .sessionNotWorking, "groups and contacts can be read only while the session works")
    }
    if answer.refuses(with: 400, "Enable NOWEB store") {
      throw UserAPIError(
        .contactsNotStored, "WAHA keeps no contacts for this session: it was made without a store")
    }
    return try answer.requireSuccess()
  }

  private static func parse(
    _ body: [UInt8], _ request: ListRequest, isFirst: Bool, tally: inout ListTally,
    add: (JSONObject) -> Bool
  ) throws(UserAPIError) -> PageCursor<JSONValue>.Page {
    var page = PageCursor<JSONValue>.Page()
    let container: JSONReader.Container
    do throws(UserAPIError) {
      container = try JSONReader.forEachElement(
        of: body, keys: request.keys, objects: ListRequest.objects
      ) { value throws(UserAPIError) in
        if page.count.isMultiple(of: Self.stride), Task.isCancelled { throw .canceled }
        var entry: JSONObject?
        if case .object(let object) = value { entry = object }
        let id = entry.flatMap { entry in
          request.idKeys.lazy.compactMap { entry[$0] }.first { $0 != .null }
        }
        if page.count == 0 { page.first = id }
        page.last = id
        page.count += 1
        // The first of a later page is the last of the one before.
        if isFirst || page.count > 1 {
          tally.count(isUnderstood: entry.map(add) ?? false)
        }
      }
    } catch {
      throw error.code == .canceled ? error : .nonsense
    }
    // An empty object is no list of an engine that writes arrays, but what is in another is looked
    // at.
    guard page.count > 0 || request.containers.contains(container) else {
      throw UserAPIError.nonsense
    }
    return page
  }

  /// How many entries are read between two looks at whether anybody still wants them.
  private static let stride = 1_024
  /// How long a list that changes is left alone.
  private static let movedPause: Duration = .seconds(1)
}
