internal import NIOConcurrencyHelpers
internal import UserAPI

/// The sessions that are watched, each followed once for all of its watchers.
final class WatchedSessions: Sendable {
  private let surroundings: WatchedSession.Surroundings
  private let sessions = NIOLockedValueBox<[String: WatchedSession]>([:])

  init(_ surroundings: WatchedSession.Surroundings) {
    self.surroundings = surroundings
  }

  /// How many sessions are followed.
  var count: Int { self.sessions.withLockedValue { $0.count } }

  func watch(_ session: OwnedSession, _ position: WatchLog.Position) -> SessionWatcher {
    let (watcher, isNew) = self.sessions.withLockedValue { sessions in
      if let watched = sessions[session.name], let id = watched.join(position) {
        return (SessionWatcher(watched, id), WatchedSession?.none)
      }
      let watched = WatchedSession(session, self.surroundings)
      sessions[session.name] = watched
      guard let id = watched.join(position) else {
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

  /// Something was done to the session.
  func poke(_ session: OwnedSession) {
    self[session]?.poke()
  }

  /// WAHA told of a session without being asked.
  func announced(_ announcement: SessionAnnouncement) {
    self.sessions.withLockedValue { $0[announcement.name] }?.announced()
  }
}
