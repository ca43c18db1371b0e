package import AuthService
internal import NIOConcurrencyHelpers
package import UserAPI

/// The users' sessions: who owns which, how each is, and its life from the first start to the
/// logout. A user has one session.
package final class Sessions: Sendable {
  package struct Configuration: Sendable {
    /// For how long a status is served from memory; zero asks WAHA every time. Default: 1 s.
    package var statusMaxAge: Duration = .seconds(1)
    /// For how long the session of a user, once looked up, is served from memory. Default: 5 s.
    package var ownershipMaxAge: Duration = .seconds(5)
    /// How many of either are kept. Default: 65,536.
    package var cacheCapacity = 65_536
    /// How many watched sessions WAHA is asked for at once. Default: 8.
    package var watchTurns = 8
    /// For how long a session is followed when its last watcher has left. Default: 60 s.
    package var watchLinger: Duration = .seconds(60)

    package static let defaults = Self()

    package init() {}
  }

  private enum Action: Hashable, Sendable {
    case initiate
    case restart
    case logout
  }

  private struct ActionKey: Hashable, Sendable {
    let userID: UserID
    let action: Action
  }

  private let store: any SessionStore
  private let upstream: any SessionUpstream
  private let time: TimeSource
  private let observers = NIOLockedValueBox<[@Sendable (OwnedSession) -> Void]>([])
  private let owned: NIOLockedValueBox<ExpiringCache<UserID, OwnedSession>>
  private let lookups: SharedReads<UserID, OwnedSession?>
  private let states: SharedReads<String, SessionState?>
  private let codes: SharedReads<String, [UInt8]>
  private let actions: SharedReads<ActionKey, OwnedSession>
  private let locks = KeyedLock<UserID>()
  private let watched: WatchedSessions

  package init(
    store: any SessionStore, upstream: any SessionUpstream, time: TimeSource,
    configuration: Configuration = .defaults
  ) {
    self.store = store
    self.upstream = upstream
    self.time = time
    let capacity = configuration.cacheCapacity
    self.owned = NIOLockedValueBox(
      ExpiringCache(lifetime: configuration.ownershipMaxAge, capacity: capacity))
    self.lookups = SharedReads(maxAge: .zero, capacity: capacity, now: time.now)
    self.states = SharedReads(
      maxAge: configuration.statusMaxAge, capacity: capacity, now: time.now)
    self.codes = SharedReads(maxAge: .zero, capacity: capacity, now: time.now)
    self.actions = SharedReads(maxAge: .zero, capacity: capacity, now: time.now)
    self.watched = WatchedSessions(
      WatchedSession.Surroundings(
        store: store, upstream: upstream, time: time,
        turns: KeyedLock(limit: configuration.watchTurns), pace: SessionFollower.Pace(),
        linger: configuration.watchLinger))
  }

  /// Calls `observer` before and after everything that this service does to a session at WAHA:
  /// whatever is known of the session is then out of date.
  package func observeChanges(_ observer: @escaping @Sendable (OwnedSession) -> Void) {
    self.observers.withLockedValue { $0.append(observer) }
  }

  // MARK: Ownership

  /// The caller's session of that name.
  ///
  /// - Throws: `SESSION_NOT_FOUND`, the same for a name that nobody has and for another's.
  package func session(
    named name: String, of caller: Caller
  ) async throws(UserAPIError) -> OwnedSession {
    guard let session = try await self.session(of: caller),
      session.name.utf8.elementsEqual(name.utf8)
    else { throw Self.notFound }
    return session
  }

  private func session(of caller: Caller) async throws(UserAPIError) -> OwnedSession? {
    let now = self.time.now()
    let userID = UserID(caller.userID)
    if let session = self.owned.withLockedValue({ $0.value(for: userID, at: now) }) {
      return session
    }
    return try await self.lookups.value(for: userID) {
      [self] () async throws(UserAPIError) -> OwnedSession? in
      try await self.store.session(ofUser: caller.userID).map(self.remember)
    }
  }

  private func remember(_ record: SessionRecord) -> OwnedSession {
    let session = OwnedSession(record)
    let now = self.time.now()
    self.owned.withLockedValue { $0.store(session, for: UserID(session.userID), at: now) }
    return session
  }

  private static var notFound: UserAPIError {
    UserAPIError(.sessionNotFound, "there is no such session")
  }

  // MARK: Reading

  /// WAHA's word for how the session is.
  ///
  /// - Throws: `SESSION_MISSING_UPSTREAM`, or one of the `UPSTREAM_…` reasons.
  package func status(of session: OwnedSession) async throws(UserAPIError) -> SessionStatus {
    guard let state = try await self.upstreamState(of: session) else {
      throw Self.missingUpstream
    }
    return state.status
  }

  /// How the session is at WAHA, and whose.
  ///
  /// - Throws: As ``status(of:)``.
  package func state(of session: OwnedSession) async throws(UserAPIError) -> SessionState {
    guard let state = try await self.upstreamState(of: session) else {
      throw Self.missingUpstream
    }
    return state
  }

  private static var missingUpstream: UserAPIError {
    UserAPIError(
      .sessionMissingUpstream, "WAHA no longer has the session; initiate it again")
  }

  private func upstreamState(
    of session: OwnedSession
  ) async throws(UserAPIError) -> SessionState? {
    let upstream = self.upstream
    return try await self.states.value(for: session.name) {
      () async throws(UserAPIError) -> SessionState? in
      try await upstream.state(of: session)
    }
  }

  /// The caller's session, nil unless WAHA says that it works or waits for a scan.
  package func usableSession(
    of caller: Caller
  ) async throws(UserAPIError) -> WhatsAppSession? {
    guard let record = try await self.store.session(ofUser: caller.userID) else { return nil }
    let session = self.remember(record)
    switch try await self.upstreamState(of: session)?.status {
    case .some(.working), .some(.scanQRCode): break
    case .some, .none: return nil
    }
    return WhatsAppSession(
      id: record.id, sessionName: record.name, phoneNumber: record.phoneNumber,
      userId: record.userID, createdAt: record.createdAt, updatedAt: record.updatedAt,
      groups: try await self.store.groups(ofSession: record.id))
  }

  /// The QR code to scan, as the bytes of a PNG.
  ///
  /// - Throws: `SESSION_NOT_AWAITING_SCAN` at once when the session waits for none: WAHA itself
  ///   would take its time to say so.
  package func qrCode(of session: OwnedSession) async throws(UserAPIError) -> [UInt8] {
    guard try await self.status(of: session) == .scanQRCode else {
      throw UserAPIError(
        .sessionNotAwaitingScan, "the session does not wait for a scan; ask its status")
    }
    let upstream = self.upstream
    return try await self.codes.value(for: session.name) {
      () async throws(UserAPIError) -> [UInt8] in
      try await upstream.qrCode(of: session)
    }
  }

  // MARK: Watching

  /// How many sessions are followed for those who watch them.
  package var watchedCount: Int { self.watched.count }

  /// Tells how the session is, and each change from then on.
  ///
  /// - Parameter sequence: The last event that the watcher has had, to go on behind it; nil to begin
  ///   with the state now.
  package func watch(_ session: OwnedSession, after sequence: Int?) -> SessionWatcher {
    self.watched.watch(session, sequence.map { .resuming(after: $0) } ?? .beginning)
  }

  /// WAHA told of a session without being asked. One that nobody knows is ignored.
  package func announced(_ announcement: SessionAnnouncement) {
    self.states.drop(announcement.name)
    self.codes.drop(announcement.name)
    self.watched.announced(announcement)
  }

  // MARK: Life

  /// Makes the caller's session, or brings it back, and starts it if it is stopped.
  ///
  /// - Throws: Always with the message `Failed to create WhatsApp session`, as the API that this
  ///   one replaces did.
  package func initiate(for caller: Caller) async throws(UserAPIError) -> OwnedSession {
    do throws(UserAPIError) {
      return try await self.act(.initiate, userID: caller.userID) {
        () async throws(UserAPIError) -> OwnedSession in
        try await self.initiate(userID: caller.userID)
      }
    } catch {
      guard error.code != .deadlineExceeded || error.reason == .upstreamTimeout,
        error.code != .canceled
      else { throw error }
      throw UserAPIError(
        error.reason, "Failed to create WhatsApp session", code: .internal,
        retryAfter: error.retryAfter, cause: error.cause ?? error)
    }
  }

  private func initiate(userID: String) async throws(UserAPIError) -> OwnedSession {
    let now = self.time.wallClock()
    let record: SessionRecord
    if let existing = try await self.store.session(ofUser: userID) {
      record = existing
    } else {
      record = try await self.store.insertSession(
        SessionRecord(
          id: SessionName.makeID(), name: SessionName.make(), userID: userID,
          isConnected: false, createdAt: now, updatedAt: now))
    }
    let session = self.remember(record)
    switch try await self.upstream.status(of: session) {
    case nil: try await self.changing(session, self.upstream.create)
    case .some(.stopped): try await self.changing(session, self.upstream.start)
    case .some(.failed): try await self.changing(session, self.upstream.restart)
    // It runs, or is in a state that only a newer WAHA knows, which is not ours to disturb.
    case .some: break
    }
    if !record.isConnected {
      try await self.store.setConnected(
        true, sessionID: session.id, at: self.time.wallClock())
    }
    return session
  }

  /// Stops the session and starts it again.
  package func restart(_ session: OwnedSession) async throws(UserAPIError) {
    _ = try await self.act(.restart, userID: session.userID) {
      () async throws(UserAPIError) -> OwnedSession in
      try await self.changing(session, self.upstream.restart)
      return session
    }
  }

  /// Logs the session out at WhatsApp, then deletes it at WAHA. Whatever fails, the same call
  /// goes on from there.
  package func logout(_ session: OwnedSession) async throws(UserAPIError) {
    _ = try await self.act(.logout, userID: session.userID) {
      () async throws(UserAPIError) -> OwnedSession in
      try await self.changing(session) { session throws(UserAPIError) in
        if try await self.upstream.status(of: session) != nil {
          // Deleting first would leave the device linked on the phone.
          try await self.upstream.logout(session)
          try await self.upstream.delete(session)
        }
      }
      try await self.store.setConnected(
        false, sessionID: session.id, at: self.time.wallClock())
      // Those who watch may have seen it gone before that.
      self.watched.poke(session)
      return session
    }
  }

  /// Stores the phone number of the caller's session with that id.
  ///
  /// - Throws: `SESSION_NOT_FOUND` when the caller's session has another id.
  package func setPhoneNumber(
    _ number: PhoneNumber, sessionID: String, of caller: Caller
  ) async throws(UserAPIError) {
    guard let session = try await self.session(of: caller),
      session.id.utf8.elementsEqual(sessionID.utf8)
    else { throw Self.notFound }
    try await self.store.setPhoneNumber(
      number, sessionID: session.id, at: self.time.wallClock())
  }

  /// Runs one action at a time for a user; who asks for the one under way joins it.
  private func act(
    _ action: Action, userID: String,
    _ body: @escaping @Sendable () async throws(UserAPIError) -> OwnedSession
  ) async throws(UserAPIError) -> OwnedSession {
    let locks = self.locks
    let user = UserID(userID)
    return try await self.actions.value(for: ActionKey(userID: user, action: action)) {
      () async throws(UserAPIError) -> OwnedSession in
      try await locks.withLock(user, body)
    }
  }

  private func changing(
    _ session: OwnedSession, _ body: (OwnedSession) async throws(UserAPIError) -> Void
  ) async throws(UserAPIError) {
    self.forget(session)
    defer { self.forget(session) }
    try await body(session)
  }

  private func forget(_ session: OwnedSession) {
    self.states.drop(session.name)
    self.codes.drop(session.name)
    self.watched.poke(session)
    for observer in self.observers.withLockedValue({ $0 }) { observer(session) }
  }
}
