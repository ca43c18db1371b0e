internal import AuthService
internal import NIOConcurrencyHelpers
internal import UserAPI

/// What is done to the users' sessions: one action at a time for each user, and who asks for the one
/// under way joins it.
final class SessionLifecycle: Sendable {
  struct Limits: Sendable {
    /// How long a session may take to come up before that is given up waiting for. Callers give up
    /// earlier. Default: 120 s.
    var start: Duration = .seconds(120)
    /// How long a stopped session may take to come up so that it can be unlinked. Default: 15 s.
    var unlinking: Duration = .seconds(15)
    /// For how long a session that failed may yet come up, as some do by themselves. Default: 3 s.
    var recovery: Duration = .seconds(3)
    /// How long a session may take to be gone that WAHA was asked to delete. Default: 20 s.
    var deletion: Duration = .seconds(20)
    /// How long who has a session back waits for it to be gone after a logout that was given up.
    /// Default: 3 s.
    var departure: Duration = .seconds(3)
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
  private let peers: any SessionPeers
  private let placement: HostPlacement
  /// Whether a host's WAHA answers, as far as is known.
  private let isHostUp: @Sendable (HostName) -> Bool
  private let time: TimeSource
  private let limits: Limits
  /// Told before and after everything that is done to a session at WAHA.
  private let changes: @Sendable (OwnedSession, SessionChange) -> Void
  /// Told of a session that was started, and when WAHA had not begun yet.
  private let started: @Sendable (OwnedSession, ContinuousClock.Instant) -> Void
  private let actions: SharedReads<ActionKey, OwnedSession>
  private let locks = KeyedLock<UserID>()
  private let progress = NIOLockedValueBox<[ActionKey: LifecycleProgress]>([:])

  init(
    store: any SessionStore, upstream: any SessionUpstream, placement: HostPlacement,
    isHostUp: @escaping @Sendable (HostName) -> Bool, peers: any SessionPeers,
    time: TimeSource, capacity: Int, limits: Limits = Limits(),
    started: @escaping @Sendable (OwnedSession, ContinuousClock.Instant) -> Void,
    changes: @escaping @Sendable (OwnedSession, SessionChange) -> Void
  ) {
    self.store = store
    self.upstream = upstream
    self.peers = peers
    self.placement = placement
    self.isHostUp = isHostUp
    self.time = time
    self.limits = limits
    self.started = started
    self.changes = changes
    self.actions = SharedReads(maxAge: .zero, capacity: capacity, now: time.now)
  }

  // MARK: Actions

  /// Makes the user's session, or brings it back, and starts it if it is stopped.
  func initiate(userID: String) async throws(UserAPIError) -> OwnedSession {
    try await self.act(.initiate, userID: userID, until: nil) {
      [self] (_) async throws(UserAPIError) -> OwnedSession in
      let askedAt = self.time.now()
      let (record, status) = try await self.placedSession(ofUser: userID)
      let session = OwnedSession(record)
      do throws(UserAPIError) {
        switch status {
        case nil: try await self.changing(session, self.upstream.create)
        case .some(.stopped): try await self.changing(session, self.upstream.start)
        case .some(.failed): try await self.changing(session, self.upstream.restart)
        // It runs, or is in a state that only a newer WAHA knows, which is not ours to disturb.
        case .some: break
        }
      } catch {
        guard error.reason == .sessionMissingUpstream else { throw error }
        try await self.changing(session, self.upstream.create)
      }
      if [nil, .stopped, .failed].contains(status) { self.started(session, askedAt) }
      if !record.isConnected || record.removal != nil {
        try await self.store.setConnected(
          true, sessionID: session.id, at: self.time.wallClock())
        // A server that began to remove it may have ended before it said so.
        self.changes(session, .ended)
      }
      return session
    }
  }

  /// The user's session, and what WAHA says of it on its host: nil when it does not have it. One that
  /// is on no host is placed on one.
  private func placedSession(
    ofUser userID: String
  ) async throws(UserAPIError) -> (SessionRecord, SessionStatus?) {
    guard let record = try await self.store.session(ofUser: userID) else {
      return try await self.placing(nil, ofUser: userID)
    }
    var status =
      self.placement.hasLost(record)
      ? nil : try await self.upstream.status(of: OwnedSession(record))
    if record.removal == .unlinked, status != nil, status != .working {
      // WAHA may be about to delete it, as a caller wanted who has left.
      let isGone = try await self.waits(within: self.limits.departure) {
        () async throws(UserAPIError) -> Bool? in
        try await self.upstream.status(of: OwnedSession(record)) == nil ? true : nil
      }
      if isGone == true { status = nil }
    }
    guard status == nil else { return (record, status) }
    guard record.isConnected, self.placement.keeps(record.host) else {
      return try await self.placing(record, ofUser: userID)
    }
    // Nobody is to take its place back any more.
    try await self.store.setConnected(true, sessionID: record.id, at: self.time.wallClock())
    return (record, nil)
  }

  /// Places the session of a user on a host with room whose WAHA answers. Of a host that does not it
  /// is taken back, as nothing was asked of it yet but how the session is.
  ///
  /// - Parameter previous: The session as it was on no host; nil for a user who has none.
  /// - Throws: `NO_CAPACITY`; how the first host failed when none answers.
  private func placing(
    _ previous: SessionRecord?, ofUser userID: String
  ) async throws(UserAPIError) -> (SessionRecord, SessionStatus?) {
    var placement = self.placement
    var failure: UserAPIError?
    while true {
      let (record, isOurs): (SessionRecord, Bool)
      do throws(UserAPIError) {
        (record, isOurs) = try await self.place(
          previous, ofUser: userID, on: placement.preferring(self.isHostUp))
      } catch {
        throw failure ?? error
      }
      // It has just said that it does not have it.
      if let previous, record.host == previous.host, !self.placement.hasLost(previous) {
        return (record, nil)
      }
      do throws(UserAPIError) {
        return (record, try await self.upstream.status(of: OwnedSession(record)))
      } catch {
        guard isOurs, self.placement.isSpread else { throw error }
        await self.takeBack(record, to: previous)
        failure = failure ?? error
        placement = placement.without(record.host)
        guard error.code != .canceled, !placement.hosts.isEmpty else { throw failure ?? error }
      }
    }
  }

  /// - Returns: Also whether it was this call that placed it: a server that has lost its lock may
  ///   find that another has.
  private func place(
    _ previous: SessionRecord?, ofUser userID: String, on placement: HostPlacement
  ) async throws(UserAPIError) -> (SessionRecord, isOurs: Bool) {
    let now = self.time.wallClock()
    if let previous {
      let placed = try await self.store.placeSession(previous, on: placement, at: now)
      return (placed, placed.updatedAt == now && placement.contains(placed.host))
    }
    let new = SessionRecord(
      id: SessionName.makeID(), name: SessionName.make(), userID: userID, isConnected: true,
      createdAt: now, updatedAt: now)
    let stored = try await self.store.insertSession(new, on: placement)
    return (stored, stored.id == new.id)
  }

  /// Gives back the place of a session, for whom there is nobody to wait any more as well.
  private func takeBack(_ placed: SessionRecord, to previous: SessionRecord?) async {
    await Task { [store, peers] in
      do throws(UserAPIError) {
        // The lock may have been lost, and another server have found the session there since.
        try await peers.withLock(ofUser: placed.userID) { () async throws(UserAPIError) in
          try await store.takeBackPlace(of: placed, to: previous)
        }
      } catch {
        // It stays there.
      }
    }.value
  }

  /// The session as it is stored now: who asks may have known it before it was placed anew.
  private func stored(_ session: OwnedSession) async throws(UserAPIError) -> SessionRecord? {
    let record = try await self.store.session(ofUser: session.userID)
    return record?.id == session.id ? record : nil
  }

  /// Stops the session, starts it again, and returns when it is up.
  ///
  /// - Parameter deadline: When the caller gives up; nil for never.
  /// - Throws: `RESTART_FAILED` when WAHA says so; `DEADLINE_EXCEEDED`, which says what was done.
  func restart(
    _ session: OwnedSession, until deadline: ContinuousClock.Instant?
  ) async throws(UserAPIError) {
    _ = try await self.act(.restart, userID: session.userID, until: deadline) {
      [self] (key) async throws(UserAPIError) -> OwnedSession in
      let record = try await self.stored(session)
      if let record, self.placement.hasLost(record) { throw UserAPIError.missingUpstream }
      let session = record.map { OwnedSession($0) } ?? session
      self.note(.restarting, of: key)
      try await self.changing(session, self.upstream.restart)
      self.note(.restarted, of: key)
      defer { self.changes(session, .ended) }
      switch try await self.outcome(ofStarting: session, within: self.limits.start) {
      case nil:
        throw UserAPIError.missingUpstream
      case .some(.failed):
        throw UserAPIError(
          .restartFailed, "WAHA restarted the session, which failed; it may have to be linked anew")
      case .some(.starting), .some(.stopped):
        throw UserAPIError(
          .upstreamTimeout, "the session took too long to come up",
          retryAfter: self.limits.recovery)
      case .some: return session
      }
    }
  }

  /// Logs the session out at WhatsApp, then deletes it at WAHA. Whatever fails, the same call
  /// goes on from there, and so does ``finishRemoval(of:)``.
  ///
  /// - Parameter deadline: When the caller gives up; nil for never.
  /// - Throws: Among others `DEADLINE_EXCEEDED`, which says what was done.
  func logout(
    _ session: OwnedSession, until deadline: ContinuousClock.Instant?
  ) async throws(UserAPIError) {
    _ = try await self.act(.logout, userID: session.userID, until: deadline) {
      [self] (key) async throws(UserAPIError) -> OwnedSession in
      let record = try await self.stored(session)
      if let record, self.placement.hasLost(record) { return session }
      let session = record.map { OwnedSession($0) } ?? session
      // Should this process end half way, another one knows what was meant.
      try await self.store.setRemoval(
        .begun, sessionID: session.id, at: self.time.wallClock())
      self.note(.removing, of: key)
      try await self.remove(session, key, unlinks: true)
      return session
    }
  }

  /// Goes on with a removal that did not come to its end, unless the user has the session back: by
  /// initiating it, or by linking a phone to it anew.
  ///
  /// - Parameter unlinks: Whether to unlink the phone first, as it should be. Deleting does it too
  ///   where WAHA can, and says nothing where it cannot.
  /// - Returns: Whether the session is gone.
  func finishRemoval(
    of session: OwnedSession, unlinks: Bool
  ) async throws(UserAPIError) -> Bool {
    let key = ActionKey(userID: UserID(session.userID), action: .logout)
    return try await self.alone(session.userID) {
      [self] () async throws(UserAPIError) -> Bool in
      defer { self.note(nil, of: key) }
      guard let record = try await self.store.session(ofUser: session.userID) else { return false }
      switch record.removal {
      case nil: return false
      case .some(.begun):
        try await self.remove(OwnedSession(record), key, unlinks: unlinks)
        return true
      case .some(.unlinked):
        let session = OwnedSession(record)
        if try await self.upstream.status(of: session) == .working {
          try await self.store.setConnected(
            true, sessionID: session.id, at: self.time.wallClock())
          self.changes(session, .ended)
          return false
        }
        try await self.remove(session, key, unlinks: false)
        return true
      }
    }
  }

  /// Notes whether WAHA has the session, where the database says otherwise and no removal is under
  /// way.
  ///
  /// - Returns: Whether it did say otherwise.
  func setRight(_ session: OwnedSession) async throws(UserAPIError) -> Bool {
    try await self.alone(session.userID) {
      [self] () async throws(UserAPIError) -> Bool in
      guard let record = try await self.store.session(ofUser: session.userID),
        record.removal == nil
      else { return false }
      let session = OwnedSession(record)
      // An action may have ended since the two were compared.
      let isUpstream = try await self.upstream.status(of: session) != nil
      guard record.isConnected != isUpstream else { return false }
      try await self.store.setConnected(
        isUpstream, sessionID: session.id, at: self.time.wallClock())
      self.changes(session, .ended)
      return true
    }
  }

  private func remove(
    _ session: OwnedSession, _ key: ActionKey, unlinks: Bool
  ) async throws(UserAPIError) {
    try await self.changing(session, as: .removalBegan) { session throws(UserAPIError) in
      guard let status = try await self.upstream.status(of: session) else { return }
      // Deleting first would leave the device linked on the phone.
      if unlinks {
        if status == .stopped { try await self.raise(session) }
        self.note(.unlinking, of: key)
        try await self.upstream.logout(session)
        self.note(.unlinked, of: key)
        try await self.store.setRemoval(
          .unlinked, sessionID: session.id, at: self.time.wallClock())
      }
      try await self.delete(session)
    }
    self.note(.deleted, of: key)
    try await self.store.setConnected(false, sessionID: session.id, at: self.time.wallClock())
    // Those who watch may have seen it gone before that.
    self.changes(session, .ended)
  }

  /// Starts a stopped session, of which WAHA could not unlink the phone. One that does not come up
  /// has nothing that could be unlinked.
  private func raise(_ session: OwnedSession) async throws(UserAPIError) {
    do throws(UserAPIError) {
      try await self.upstream.start(session)
    } catch {
      guard error.reason == .sessionMissingUpstream else { throw error }
      return
    }
    _ = try await self.outcome(ofStarting: session, within: self.limits.unlinking)
  }

  /// Deletes the session, and sees to it that it is gone: WAHA may go on with what it gave up on.
  private func delete(_ session: OwnedSession) async throws(UserAPIError) {
    var failure: UserAPIError?
    do throws(UserAPIError) {
      try await self.upstream.delete(session)
    } catch {
      switch error.reason {
      case .upstreamTimeout, .upstreamInvalidResponse: failure = error
      default: throw error
      }
    }
    let isGone = try await self.waits(within: self.limits.deletion) {
      () async throws(UserAPIError) -> Bool? in
      try await self.upstream.status(of: session) == nil ? true : nil
    }
    if isGone != true {
      throw failure ?? UserAPIError(.upstreamTimeout, "WAHA still has the session")
    }
  }

  // MARK: Outcomes

  /// What has become of a session that WAHA starts.
  ///
  /// - Returns: Nil when WAHA does not have it; what it was last when the time is over.
  private func outcome(
    ofStarting session: OwnedSession, within limit: Duration
  ) async throws(UserAPIError) -> SessionStatus? {
    var last: SessionStatus? = .starting
    var failedAt: ContinuousClock.Instant?
    let outcome = try await self.waits(within: limit) {
      () async throws(UserAPIError) -> SessionStatus?? in
      last = try await self.upstream.status(of: session)
      switch last {
      case .some(.starting), .some(.stopped):
        failedAt = nil
        return nil
      case .some(.failed):
        let now = self.time.now()
        let since = failedAt ?? now
        failedAt = since
        return since + self.limits.recovery <= now ? .some(.failed) : nil
      case let other: return .some(other)
      }
    }
    return outcome ?? last
  }

  /// Asks again and again, ever more seldom, until there is an answer. A WAHA that fails meanwhile
  /// is asked again as well.
  ///
  /// - Returns: Nil when the time is over.
  /// - Throws: What the last question failed with when the time is over.
  private func waits<Value: Sendable>(
    within limit: Duration, for answer: () async throws(UserAPIError) -> Value?
  ) async throws(UserAPIError) -> Value? {
    let end = self.time.now() + limit
    var pause: Duration = .milliseconds(100)
    while true {
      do throws(UserAPIError) {
        if let answer = try await answer() { return answer }
        if self.time.now() >= end { return nil }
      } catch {
        if error.code == .canceled || self.time.now() >= end { throw error }
      }
      do { try await self.time.sleep(pause) } catch { throw UserAPIError.canceled }
      pause = min(pause * 2, .seconds(1))
    }
  }

  // MARK: One at a time

  /// Runs one action at a time for a user; who asks for the one under way joins it.
  private func act(
    _ action: Action, userID: String, until deadline: ContinuousClock.Instant?,
    _ body: @escaping @Sendable (ActionKey) async throws(UserAPIError) -> OwnedSession
  ) async throws(UserAPIError) -> OwnedSession {
    let key = ActionKey(userID: UserID(userID), action: action)
    let run: @Sendable () async throws(UserAPIError) -> OwnedSession = {
      [self] () async throws(UserAPIError) -> OwnedSession in
      try await self.actions.value(for: key) { () async throws(UserAPIError) -> OwnedSession in
        try await self.alone(userID) {
          () async throws(UserAPIError) -> OwnedSession in
          defer { self.note(nil, of: key) }
          do throws(UserAPIError) {
            return try await body(key)
          } catch {
            throw self.telling(error, of: key)
          }
        }
      }
    }
    guard let deadline else { return try await run() }
    return try await self.time.value(before: deadline, run) {
      let progress = self.progress.withLockedValue { $0[key] } ?? .nothingDone
      return UserAPIError(
        .deadlineExceeded, "the call took longer than its deadline; \(progress.description)")
    }
  }

  /// Runs `body` while nobody else does anything to the user's session, on this server or another.
  private func alone<Value: Sendable>(
    _ userID: String, _ body: @escaping @Sendable () async throws(UserAPIError) -> Value
  ) async throws(UserAPIError) -> Value {
    try await self.locks.withLock(UserID(userID)) { () async throws(UserAPIError) -> Value in
      try await self.peers.withLock(ofUser: userID, body)
    }
  }

  private func note(_ progress: LifecycleProgress?, of key: ActionKey) {
    self.progress.withLockedValue { $0[key] = progress }
  }

  /// An error that says also what was done before it.
  private func telling(_ error: UserAPIError, of key: ActionKey) -> UserAPIError {
    switch self.progress.withLockedValue({ $0[key] }) {
    case nil, .some(.nothingDone): return error
    // Its errors say so themselves.
    case .some(.restarted): return error
    // WAHA has refused it; what it did not answer it may do yet.
    case .some(.restarting) where error.reason != .upstreamTimeout: return error
    case .some(let progress):
      var error = error
      error.message += "; \(progress.description)"
      return error
    }
  }

  private func changing(
    _ session: OwnedSession, as change: SessionChange = .began,
    _ body: (OwnedSession) async throws(UserAPIError) -> Void
  ) async throws(UserAPIError) {
    self.changes(session, change)
    defer { self.changes(session, .ended) }
    try await body(session)
  }
}
