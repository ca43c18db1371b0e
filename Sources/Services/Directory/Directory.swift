internal import NIOConcurrencyHelpers
package import SessionService
package import UserAPI

/// The groups and contacts of a session that its caller owns, paged and searched.
///
/// A list is read from WAHA as a whole and kept as a ``Snapshot``, from which pages are served; see
/// ``Configuration`` for how long. However many ask, one read of a list goes on at a time.
package final class Directory: Sendable {
  private static let defaultGroupLimit = 10
  private static let defaultContactLimit = 50

  private let sessions: Sessions
  private let upstream: any DirectoryUpstream
  private let surroundings: Surroundings
  private let configuration: Configuration
  private let shelf: NIOLockedValueBox<SnapshotShelf>
  private let reads: SharedReads<ListKey, SnapshotShelf.Served>
  /// So many reads at once, whichever sessions they are for.
  private let places: KeyedLock<Place>

  /// There is one queue for all.
  private enum Place: Hashable {
    case upstream
  }

  package init(
    sessions: Sessions, upstream: any DirectoryUpstream, surroundings: Surroundings,
    configuration: Configuration = .defaults
  ) {
    self.sessions = sessions
    self.upstream = upstream
    self.surroundings = surroundings
    self.configuration = configuration
    self.shelf = NIOLockedValueBox(SnapshotShelf(configuration: configuration))
    self.reads = SharedReads(maxAge: .zero, capacity: 2, now: surroundings.now)
    self.places = KeyedLock(limit: configuration.maxReads)
    sessions.observeChanges { [weak self] name in self?.drop(name) }
  }

  /// What all snapshots take, in bytes.
  package var size: Int { self.shelf.withLockedValue { $0.size } }

  /// A page of the session's groups.
  ///
  /// - Throws: `SESSION_NOT_WORKING` at once when the session cannot be read, `SNAPSHOT_EXPIRED`
  ///   when the snapshot that the request names is gone.
  package func groups(
    of session: OwnedSession, _ request: DirectoryRequest
  ) async throws(UserAPIError) -> GroupPage {
    try await self.page(
      .groups, of: session, request, defaultLimit: Self.defaultGroupLimit
    ) { snapshot, index in snapshot.group(at: index) }
  }

  /// A page of the session's contacts.
  ///
  /// - Throws: As ``groups(of:_:)``.
  package func contacts(
    of session: OwnedSession, _ request: DirectoryRequest
  ) async throws(UserAPIError) -> ContactPage {
    try await self.page(
      .contacts, of: session, request, defaultLimit: Self.defaultContactLimit
    ) { snapshot, index in snapshot.contact(at: index) }
  }

  private func page<Item>(
    _ kind: List, of session: OwnedSession, _ request: DirectoryRequest,
    defaultLimit: Int, _ item: (Snapshot, Int) -> Item
  ) async throws(UserAPIError) -> DirectoryPage<Item> {
    let key = ListKey(session: session.name, kind: kind)
    let search = try request.search.flatMap(DirectorySearch.init)
    let (served, fromMemory) = try await self.served(key, of: session, request)
    let age =
      self.surroundings.wallClock().millisecondsSinceEpoch
      - served.asOf.millisecondsSinceEpoch
    self.surroundings.observe(
      .served(kind, fromMemory: fromMemory, age: .milliseconds(max(age, 0))))
    let page = served.snapshot.page(
      cursor: request.cursor,
      limit: min(request.limit ?? defaultLimit, self.configuration.maxPageSize),
      maxSize: self.configuration.maxPageText, search: search)
    if page.nextCursor != nil {
      self.shelf.withLockedValue { $0.walkBegan(key, over: served.snapshot) }
    }
    return DirectoryPage(
      items: page.indices.map { item(served.snapshot, $0) }, nextCursor: page.nextCursor,
      total: page.total, snapshot: served.snapshot.id, asOf: served.asOf, warning: served.warning)
  }

  // MARK: Which snapshot

  private func served(
    _ key: ListKey, of session: OwnedSession, _ request: DirectoryRequest
  ) async throws(UserAPIError) -> (SnapshotShelf.Served, fromMemory: Bool) {
    let maxAge = request.maxAgeMs.map { Duration.milliseconds($0) }
    if let served = self.servedInSilence(key, request, maxAge: maxAge) { return (served, true) }
    let account: SessionAccount?
    do throws(UserAPIError) {
      account = try await self.workingAccount(of: session)
    } catch {
      guard error.isTroubleWithWAHA else { throw error }
      let now = self.surroundings.now()
      self.shelf.withLockedValue { $0.statusFailed(session.name, at: now) }
      guard let served = self.servedInSilence(key, request, maxAge: maxAge) else { throw error }
      return (served, true)
    }
    if self.shelf.withLockedValue({ $0.settle(session.name, account) }) { self.drop(session.name) }
    let now = self.surroundings.now()
    if let id = request.snapshot {
      let served = self.shelf.withLockedValue { $0.request(key, snapshot: id, at: now) }
      guard let served else {
        throw UserAPIError(
          .snapshotExpired, "the snapshot is no longer kept; begin again with the first page")
      }
      return (served, true)
    }
    switch self.shelf.withLockedValue({ $0.request(key, maxAge: maxAge, at: now) }) {
    case .serve(let served): return (served, true)
    case .serveAndRefresh(let served):
      self.refresh(key, of: session, account)
      return (served, true)
    case .read: return (try await self.read(key, of: session, account, maxAge: maxAge), false)
    case .fail(let error): throw error
    }
  }

  /// What there is in memory, if WAHA could not be asked for the session's status just now.
  private func servedInSilence(
    _ key: ListKey, _ request: DirectoryRequest, maxAge: Duration?
  ) -> SnapshotShelf.Served? {
    let now = self.surroundings.now()
    return self.shelf.withLockedValue { shelf in
      guard shelf.isSilent(key, at: now) else { return nil }
      return shelf.requestWithoutWAHA(key, snapshot: request.snapshot, maxAge: maxAge, at: now)
    }
  }

  /// Whose the session is, if WAHA knows.
  ///
  /// - Throws: `SESSION_NOT_WORKING` when its lists cannot be read.
  private func workingAccount(
    of session: OwnedSession
  ) async throws(UserAPIError) -> SessionAccount? {
    let state: SessionState
    do throws(UserAPIError) {
      state = try await self.sessions.state(of: session)
    } catch {
      if error.reason == .sessionMissingUpstream { self.drop(session.name) }
      throw error
    }
    // Whoever links a phone now may be somebody else.
    if state.status == .scanQRCode { self.drop(session.name) }
    guard state.status == .working else {
      throw UserAPIError(
        .sessionNotWorking, "groups and contacts can be read only while the session works")
    }
    return state.account
  }

  private func drop(_ name: String) {
    // In this order: nobody is to join a read that began before.
    for key in ListKey.both(of: name) { self.reads.drop(key) }
    self.shelf.withLockedValue { $0.drop(name) }
  }

  // MARK: Reading

  /// Has the list read behind the caller, who does not wait for it.
  private func refresh(_ key: ListKey, of session: OwnedSession, _ account: SessionAccount?) {
    Task {
      do throws(UserAPIError) {
        _ = try await self.reads.value(for: key) {
          [self] () async throws(UserAPIError) -> SnapshotShelf.Served in
          try await self.readAnew(key, of: session, account)
        }
      } catch {
        // The read has told of it, and the pages that follow say so.
      }
      self.shelf.withLockedValue { $0.refreshEnded(key) }
    }
  }

  /// The list from the read under way, or from a new one.
  private func read(
    _ key: ListKey, of session: OwnedSession, _ account: SessionAccount?, maxAge: Duration?
  ) async throws(UserAPIError) -> SnapshotShelf.Served {
    try await self.reads.value(for: key) {
      [self] () async throws(UserAPIError) -> SnapshotShelf.Served in
      // The read that was under way when the caller looked may have ended since.
      let now = self.surroundings.now()
      switch self.shelf.withLockedValue({ $0.request(key, maxAge: maxAge, at: now) }) {
      case .serve(let served): return served
      case .fail(let error): throw error
      case .read, .serveAndRefresh: return try await self.readAnew(key, of: session, account)
      }
    }
  }

  private func readAnew(
    _ key: ListKey, of session: OwnedSession, _ account: SessionAccount?
  ) async throws(UserAPIError) -> SnapshotShelf.Served {
    let beganAt = self.surroundings.now()
    let read = self.shelf.withLockedValue { $0.readBegan(key, account: account, at: beganAt) }
    do throws(UserAPIError) {
      let (snapshot, readAt) = try await self.retrying(key.kind) {
        () async throws(UserAPIError) -> (Snapshot, Moment) in
        try await self.places.withLock(.upstream) {
          () async throws(UserAPIError) -> (Snapshot, Moment) in
          let readAt = self.surroundings.moment
          return (try await self.snapshot(key.kind, of: session), readAt)
        }
      }
      self.surroundings.observe(.read(key.kind, nil))
      let now = self.surroundings.now()
      return self.shelf.withLockedValue { shelf in
        shelf.readFinished(read, snapshot, readAt: readAt, at: now)
      }
    } catch {
      if error.code != .canceled { self.surroundings.observe(.read(key.kind, error)) }
      let now = self.surroundings.now()
      self.shelf.withLockedValue { $0.readFailed(read, error, at: now) }
      guard error.retryAfter == nil, let pause = self.configuration.pause(after: error) else {
        throw error
      }
      throw UserAPIError(error.reason, error.message, retryAfter: pause, cause: error.cause)
    }
  }

  private func snapshot(
    _ kind: List, of session: OwnedSession
  ) async throws(UserAPIError) -> Snapshot {
    let session = self.sessions.current(session)
    return try await withTaskExecutorPreference(self.surroundings.executor(session.userID)) {
      () async throws(UserAPIError) -> Snapshot in
      var listing = Listing(limit: self.configuration.maxSnapshotSize)
      switch kind {
      case .groups: try await self.upstream.groups(of: session) { listing.append($0) }
      case .contacts: try await self.upstream.contacts(of: session) { listing.append($0) }
      }
      guard !listing.isTooLarge else {
        throw UserAPIError(.upstreamListTooLarge, "the list is longer than the service keeps")
      }
      return Snapshot(listing)
    }
  }

  /// Tries again after a pause, with full jitter, what may succeed the next time.
  private func retrying<Value>(
    _ kind: List, _ body: () async throws(UserAPIError) -> Value
  ) async throws(UserAPIError) -> Value {
    var retries = 0
    while true {
      do throws(UserAPIError) {
        return try await body()
      } catch {
        guard retries < self.configuration.maxRetries,
          let pause = self.configuration.retryPause(
            after: error, retries: retries, jitter: self.surroundings.jitter())
        else { throw error }
        retries += 1
        self.surroundings.observe(.retried(kind))
        do { try await self.surroundings.sleep(pause) } catch { throw UserAPIError.canceled }
      }
    }
  }
}

extension UserAPIError {
  /// Whether WAHA could not say how things are.
  fileprivate var isTroubleWithWAHA: Bool {
    switch self.reason {
    case .upstreamUnavailable, .upstreamTimeout, .upstreamBusy, .upstreamRateLimited: true
    default: false
    }
  }
}
