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
    /// For how long it is when the store does not answer. Whose a session is never changes. Default:
    /// 10 min.
    package var ownershipGrace: Duration = .seconds(600)
    /// Where sessions are placed. Default: on one host, any number.
    package var placement = HostPlacement.single
    /// Whether a host's WAHA answers, as far as is known. Sessions are placed on one that does.
    /// Default: all do.
    package var isHostUp: @Sendable (HostName) -> Bool = { _ in true }
    /// How many of either are kept. Default: 65,536.
    package var cacheCapacity = 65_536
    /// How many watched sessions WAHA is asked for at once. Default: 8.
    package var watchTurns = 8
    /// For how long a session counts as working once it was seen to. It is tried three times as
    /// often. Default: 60 s.
    package var verificationAge: Duration = .seconds(60)
    /// How many watched sessions are tried at once. Default: 16.
    package var watchTries = 16
    /// How many sessions are tried at once for those who ask for a status. Default: 8.
    package var verifications = 8
    /// For how long a session is followed when its last watcher has left. Default: 60 s.
    package var watchLinger: Duration = .seconds(60)

    package static let defaults = Self()

    package init() {}
  }

  /// A session, and when the store said that it is the user's.
  private struct KnownSession {
    let session: OwnedSession
    let seenAt: ContinuousClock.Instant
  }

  private let store: any SessionStore
  private let upstream: CurrentHosts
  private let placement: HostPlacement
  private let time: TimeSource
  private let limits: SessionTruth.Limits
  private let peers: any SessionPeers
  private let observers = NIOLockedValueBox<[@Sendable (String) -> Void]>([])
  private let owned: NIOLockedValueBox<ExpiringCache<UserID, KnownSession>>
  private let ownershipMaxAge: Duration
  /// How often it was known whose session is which.
  package let ownerCacheUse = CacheUse()
  private let lookups: SharedReads<UserID, OwnedSession?>
  private let states: SharedReads<String, SessionState?>
  private let reports: SharedReads<String, SessionReport?>
  /// What was seen of the sessions that were asked for lately.
  private let truths: NIOLockedValueBox<ExpiringCache<String, SessionTruth>>
  /// Bounds how many sessions are tried at once for those who ask for a status.
  private let verifications: KeyedLock<Int>
  private let codes: SharedReads<String, [UInt8]>
  private let watched: WatchedSessions
  private let pairingCodes: PairingCodes
  private let lifecycle: SessionLifecycle
  /// Forgets what was known of a session to which a server did something, and tells who watches.
  private let happened: @Sendable (SessionChange, String) -> Void

  /// - Parameter peers: The other servers over the store; none by default.
  package init(
    store: any SessionStore, upstream: any SessionUpstream,
    peers: any SessionPeers = NoSessionPeers(), time: TimeSource,
    configuration: Configuration = .defaults
  ) {
    let capacity = configuration.cacheCapacity
    let placement = configuration.placement
    let hosts = CurrentHosts(
      store: store, upstream: upstream, placement: placement, time: time, capacity: capacity)
    self.store = store
    self.peers = peers
    self.upstream = hosts
    self.placement = placement
    self.time = time
    self.limits = SessionTruth.Limits(verification: configuration.verificationAge)
    self.ownershipMaxAge = configuration.ownershipMaxAge
    self.owned = NIOLockedValueBox(
      ExpiringCache(
        lifetime: max(configuration.ownershipMaxAge, configuration.ownershipGrace),
        capacity: capacity))
    self.lookups = SharedReads(maxAge: .zero, capacity: capacity, now: time.now)
    self.states = SharedReads(
      maxAge: configuration.statusMaxAge, capacity: capacity, now: time.now)
    self.reports = SharedReads(
      maxAge: configuration.statusMaxAge, capacity: capacity, now: time.now)
    self.truths = NIOLockedValueBox(
      ExpiringCache(lifetime: configuration.verificationAge * 2, capacity: capacity))
    self.verifications = KeyedLock(limit: configuration.verifications)
    self.codes = SharedReads(maxAge: .zero, capacity: capacity, now: time.now)
    self.watched = WatchedSessions(
      WatchedSession.Surroundings(
        store: store, upstream: hosts, time: time,
        turns: KeyedLock(limit: configuration.watchTurns),
        tries: KeyedLock(limit: configuration.watchTries), limits: self.limits,
        linger: configuration.watchLinger,
        changed: { [states, reports] name in
          states.drop(name)
          reports.drop(name)
        }), capacity: capacity)
    self.pairingCodes = PairingCodes(upstream: hosts, time: time, capacity: capacity)
    let happened: @Sendable (SessionChange, String) -> Void = {
      [states, reports, truths, codes, watched, observers] change, name in
      states.drop(name)
      reports.drop(name)
      truths.withLockedValue { $0.remove(name) }
      codes.drop(name)
      watched.happened(change, to: name)
      for observer in observers.withLockedValue({ $0 }) { observer(name) }
    }
    self.happened = happened
    self.lifecycle = SessionLifecycle(
      store: store, upstream: upstream, placement: placement, isHostUp: configuration.isHostUp,
      peers: peers, time: time, capacity: capacity,
      started: { [watched] in watched.started($0, after: $1) }
    ) { session, change in
      happened(change, session.name)
      peers.tell(.changed(change, name: session.name, userID: session.userID))
    }
  }

  /// Calls `observer` with the name of a session before and after everything that a server does to it
  /// at WAHA: whatever is known of the session is then out of date.
  package func observeChanges(_ observer: @escaping @Sendable (String) -> Void) {
    self.observers.withLockedValue { $0.append(observer) }
  }

  /// How often it was known how a session is.
  package var statusCacheUse: CacheUse { self.reports.use }

  // MARK: Ownership

  /// The caller's session of that name.
  ///
  /// - Throws: `SESSION_NOT_FOUND`, the same for a name that nobody has and for another's.
  package func session(
    named name: String, of caller: Caller
  ) async throws(UserAPIError) -> OwnedSession {
    try Self.check(try await self.session(of: caller), isNamed: name)
  }

  /// The session on the host where it was seen last, which may be another than that of an old proof.
  package func current(_ session: OwnedSession) -> OwnedSession { self.upstream.current(session) }

  private static func check(
    _ session: OwnedSession?, isNamed name: String
  ) throws(UserAPIError) -> OwnedSession {
    guard let session, session.name.hasSameBytes(as: name) else { throw self.notFound }
    return session
  }

  private func knownSession(of caller: Caller, at now: ContinuousClock.Instant) -> OwnedSession? {
    guard let known = self.lastKnownSession(of: caller, at: now),
      known.seenAt + self.ownershipMaxAge > now
    else { return nil }
    return known.session
  }

  private func lastKnownSession(
    of caller: Caller, at now: ContinuousClock.Instant
  ) -> KnownSession? {
    let userID = UserID(caller.userID)
    return self.owned.withLockedValue { $0.value(for: userID, at: now) }
  }

  private func session(of caller: Caller) async throws(UserAPIError) -> OwnedSession? {
    let known = self.knownSession(of: caller, at: self.time.now())
    self.ownerCacheUse.count(isHit: known != nil)
    if let known { return known }
    do throws(UserAPIError) {
      return try await self.lookups.value(for: UserID(caller.userID)) {
        [self] () async throws(UserAPIError) -> OwnedSession? in
        guard let record = try await self.store.session(ofUser: caller.userID) else { return nil }
        let session = OwnedSession(record)
        self.remember(session)
        return session
      }
    } catch {
      guard error.reason == .storeUnavailable,
        let known = self.lastKnownSession(of: caller, at: self.time.now())
      else { throw error }
      return known.session
    }
  }

  private func remember(_ session: OwnedSession) {
    let now = self.time.now()
    let known = KnownSession(session: session, seenAt: now)
    self.owned.withLockedValue { $0.store(known, for: UserID(session.userID), at: now) }
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
      throw UserAPIError.missingUpstream
    }
    return state.status
  }

  /// How the session is at WAHA, and whose.
  ///
  /// - Throws: As ``status(of:)``.
  package func state(of session: OwnedSession) async throws(UserAPIError) -> SessionState {
    guard let state = try await self.upstreamState(of: session) else {
      throw UserAPIError.missingUpstream
    }
    return state
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

  /// How the session is, as far as that can be said: one that WAHA calls working was seen to work
  /// within the last minute.
  ///
  /// - Throws: As ``status(of:)``, unless somebody watches the session, who has been told how it is.
  package func report(of session: OwnedSession) async throws(UserAPIError) -> SessionReport {
    let report = try await self.reports.value(for: session.name) {
      [self] () async throws(UserAPIError) -> SessionReport? in
      try await self.readReport(of: session)
    }
    guard let report else { throw UserAPIError.missingUpstream }
    return report
  }

  /// What ``report(of:)`` would say of the caller's session of that name, when that is known without
  /// asking anybody; else nil.
  ///
  /// - Throws: As ``session(named:of:)`` and ``report(of:)``.
  package func knownReport(
    named name: String, of caller: Caller
  ) throws(UserAPIError) -> SessionReport? {
    let now = self.time.now()
    guard let known = self.knownSession(of: caller, at: now) else { return nil }
    let session = try Self.check(known, isNamed: name)
    guard let report = self.reports.known(session.name, at: now) else { return nil }
    self.ownerCacheUse.count(isHit: true)
    self.reports.use.count(isHit: true)
    guard let report else { throw UserAPIError.missingUpstream }
    return report
  }

  private func readReport(
    of session: OwnedSession
  ) async throws(UserAPIError) -> SessionReport? {
    let watched = self.watched[session]
    do throws(UserAPIError) {
      guard let status = try await self.upstream.status(of: session) else { return nil }
      watched?.wasSeen(status)
      if let report = watched?.truth(after: .success(status)) { return report }
      return try await self.seen(status, of: session)
    } catch {
      switch error.reason {
      case .upstreamUnavailable, .upstreamTimeout, .upstreamBusy:
        if let report = watched?.truth(after: .failure(error)) { return report }
      default: break
      }
      throw error
    }
  }

  /// Tries whether a session works of which WAHA says so, where that was not seen lately.
  private func seen(
    _ status: SessionStatus, of session: OwnedSession
  ) async throws(UserAPIError) -> SessionReport? {
    let name = session.name
    var isVerified: Bool?
    let now = self.time.now()
    let known = self.truths.withLockedValue { $0.value(for: name, at: now) }
    if status == .working, known?.needsVerification(at: now) ?? true {
      isVerified = try await self.verifications.withLock(0) {
        () async throws(UserAPIError) -> Bool in
        try await self.upstream.isWorking(session)
      }
    }
    let wallClock = self.time.wallClock()
    return self.truths.withLockedValue { truths in
      var truth = truths.value(for: name, at: now) ?? SessionTruth(limits: self.limits.ofUnwatched)
      truth.answered(status, isVerified: isVerified, at: now, wallClock)
      truths.store(truth, for: name, at: now)
      return truth.report
    }
  }

  /// The caller's session, nil unless WAHA says that it works or waits for a scan.
  package func usableSession(
    of caller: Caller
  ) async throws(UserAPIError) -> WhatsAppSession? {
    guard let record = try await self.store.session(ofUser: caller.userID) else { return nil }
    let session = OwnedSession(record)
    self.remember(session)
    if self.placement.hasLost(record) { return nil }
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

  /// Makes the caller's session or brings it back, as ``initiate(for:)`` does, and tells what it takes
  /// to link a phone.
  ///
  /// - Parameter phoneNumber: Of the phone, to be given a code to type as well; nil for none.
  package func link(
    for caller: Caller, phoneNumber: PhoneNumber?
  ) async throws(UserAPIError) -> SessionLink {
    let session = try await self.initiate(for: caller)
    return SessionLink(
      session, phoneNumber: phoneNumber,
      watcher: self.watched.watch(session, .beginning, isFresh: true),
      pairingCodes: self.pairingCodes, time: self.time)
  }

  /// WAHA said by itself that the session of that name is another way, which may come late, twice,
  /// out of order or not at all: it is a reason to ask, and not an answer. A name that nobody knows
  /// is ignored.
  package func announced(_ name: String) {
    self.heard(.announced(name: name))
    self.peers.tell(.announced(name: name))
  }

  /// Another server tells what it has heard or done.
  package func heard(_ news: SessionNews) {
    switch news {
    case .announced(let name):
      self.states.drop(name)
      self.reports.drop(name)
      self.codes.drop(name)
      self.watched.announced(name)
    case .changed(let change, let name, let userID):
      self.lookups.drop(UserID(userID))
      self.owned.withLockedValue { $0.remove(UserID(userID)) }
      self.happened(change, name)
    }
  }

  // MARK: Life

  /// Makes the caller's session, or brings it back, and starts it if it is stopped.
  ///
  /// - Throws: Always with the message `Failed to create WhatsApp session`, as the API that this
  ///   one replaces did.
  package func initiate(for caller: Caller) async throws(UserAPIError) -> OwnedSession {
    do throws(UserAPIError) {
      let session = try await self.lifecycle.initiate(userID: caller.userID)
      self.remember(session)
      return session
    } catch {
      guard error.code != .deadlineExceeded || error.reason == .upstreamTimeout,
        error.code != .canceled
      else { throw error }
      // That there is no room is nobody's failure.
      throw UserAPIError(
        error.reason, "Failed to create WhatsApp session",
        code: error.reason == .noCapacity ? error.code : .internal,
        retryAfter: error.retryAfter, cause: error.cause ?? error)
    }
  }

  /// Stops the session, starts it again, and returns when it is up. Who asks for a restart that is
  /// under way joins it.
  ///
  /// - Parameter deadline: When the caller gives up; nil for never.
  /// - Throws: `RESTART_FAILED` when WAHA says that it failed, `SESSION_MISSING_UPSTREAM`, one of
  ///   the `UPSTREAM_…` reasons, and at the deadline `DEADLINE_EXCEEDED`, which says what was done.
  package func restart(
    _ session: OwnedSession, until deadline: ContinuousClock.Instant? = nil
  ) async throws(UserAPIError) {
    try await self.lifecycle.restart(session, until: deadline)
  }

  /// Logs the session out at WhatsApp, deletes it at WAHA, and returns when it is gone. Whatever
  /// fails, the same call goes on from there.
  ///
  /// - Parameter deadline: When the caller gives up; nil for never.
  /// - Throws: `STORE_UNAVAILABLE`, one of the `UPSTREAM_…` reasons, and at the deadline
  ///   `DEADLINE_EXCEEDED`; each says what was done.
  package func logout(
    _ session: OwnedSession, until deadline: ContinuousClock.Instant? = nil
  ) async throws(UserAPIError) {
    try await self.lifecycle.logout(session, until: deadline)
  }

  /// Goes on with a logout that did not come to its end, unless the user has the session back.
  ///
  /// - Parameter unlinks: Whether to unlink the phone first, as it should be.
  /// - Returns: Whether the session is gone.
  func finishRemoval(
    of session: OwnedSession, unlinks: Bool
  ) async throws(UserAPIError) -> Bool {
    try await self.lifecycle.finishRemoval(of: session, unlinks: unlinks)
  }

  /// Notes whether WAHA has the session, where the database says otherwise.
  ///
  /// - Returns: Whether it did.
  func setRight(_ session: OwnedSession) async throws(UserAPIError) -> Bool {
    try await self.lifecycle.setRight(session)
  }

  /// Stores the phone number of the caller's session with that id.
  ///
  /// - Throws: `SESSION_NOT_FOUND` when the caller's session has another id.
  package func setPhoneNumber(
    _ number: PhoneNumber, sessionID: String, of caller: Caller
  ) async throws(UserAPIError) {
    guard let session = try await self.session(of: caller),
      session.id.hasSameBytes(as: sessionID)
    else { throw Self.notFound }
    try await self.store.setPhoneNumber(
      number, sessionID: session.id, at: self.time.wallClock())
  }
}
