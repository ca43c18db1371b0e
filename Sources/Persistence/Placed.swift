internal import SessionService
internal import UserAPI

/// What came of placing a session anew.
enum Placed: Sendable {
  /// It is stored so, by this call or another.
  case there(SessionRecord)
  /// No host has room.
  case full
  /// There is no such session.
  case unknown

  var session: SessionRecord {
    get throws(UserAPIError) {
      switch self {
      case .there(let session): return session
      case .full: throw .noCapacity
      case .unknown: throw UserAPIError(.sessionNotFound, "there is no such session")
      }
    }
  }
}

extension SessionRecord {
  /// The same once it was placed there.
  func placed(on host: HostName, at time: Timestamp) -> SessionRecord {
    var session = self
    session.host = host
    session.isConnected = true
    session.removal = nil
    session.updatedAt = time
    return session
  }
}
