internal import AuthService
internal import NIOConcurrencyHelpers
internal import UserAPI

/// The sessions that are watched, each followed once for all of its watchers.
final class WatchedSessions: Sendable {
  /// For how long it is worth knowing when a session was started: less than its first code is shown.
  private static let startLifetime: Duration = .seconds(30)

  private let surroundings: WatchedSession.Surroundings
  private let sessions = NIOLockedValueBox<[String: WatchedSession]>([:])
  /// When the sessions that were started lately were not yet.
  private let starts: NIOLockedValueBox<ExpiringCache<String, ContinuousClock.Instant>>

  /// - Parameter capacity: Of how many sessions the start is remembered.
  init(_ surroundings: WatchedSession.Surroundings, capacity: Int) {
    self.surroundings = surroundings
    self.starts = NIOLockedValueBox(
      ExpiringCache(lifetime: Self.startLifetime, capacity: capacity))
  }

  /// How many sessions are followed.
  var count: Int { self.sessions.withLockedValue { $0.count } }

  /// - Parameter isFresh: Whether WAHA is asked at once, and nothing is told that it has said before.
  func watch(
    _ session: OwnedSession, _ position: WatchLog.Position, isFresh: Bool = false
  ) -> SessionWatcher {
    let now = self.surroundings.time.now()
    let start = self.starts.withLockedValue { $0.value(for: session.name, at: now) }
    let (watcher, isNew) = self.sessions.withLockedValue { sessions in
      if let watched = sessions[session.name], let id = watched.join(position, isFresh: isFresh) {
        return (SessionWatcher(watched, id), WatchedSession?.none)
      }
      let watched = WatchedSession(session, self.surroundings, startedAfter: start)
      sessions[session.name] = watched
      guard let id = watched.join(position, isFresh: false) else {
        preconditionFailure("a session that nobody has followed yet is not over")
      }
      return (SessionWatcher(watched, id), watched)
    }
    if let watched = isNew {
      Task {
        await watched.follow()
        self.sessions.withLockedValue { sessions in
          // Somebody may have begun to watch it anew.
          if sessions[session.name] === watched { sessions[session.name] = nil }
        }
      }
    }
    return watcher
  }

  /// The session as it is followed; nil when it is not.
  subscript(session: OwnedSession) -> WatchedSession? {
    self.sessions.withLockedValue { $0[session.name] }
  }

  /// Something is done to the session of that name, by this server or another.
  func happened(_ change: SessionChange, to name: String) {
    let watched = self.sessions.withLockedValue { $0[name] }
    switch change {
    case .began, .removalBegan:
      self.starts.withLockedValue { $0.remove(name) }
      watched?.changeBegan(isRemoval: change == .removalBegan)
    case .ended: watched?.changeEnded()
    }
  }

  /// The session was started.
  ///
  /// - Parameter time: When WAHA had not begun yet.
  func started(_ session: OwnedSession, after time: ContinuousClock.Instant) {
    self.starts.withLockedValue { $0.store(time, for: session.name, at: time) }
  }

  /// WAHA said by itself that the session of that name is another way.
  func announced(_ name: String) {
    self.sessions.withLockedValue { $0[name] }?.announced()
  }
}
