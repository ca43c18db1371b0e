internal import UserAPI

/// Decides whether a server that was lost within a stream, or lets nobody in for a while, is asked
/// again, and when.
struct LostServer {
  /// A server that wants to be left alone for longer is asked once in that time.
  private static let longestWait: Duration = .seconds(60)

  private var isKnown = false
  private var pause = Pause()

  /// A message came.
  mutating func heard() {
    self.isKnown = true
    self.pause = Pause()
  }

  /// How long to wait before the server is asked again.
  ///
  /// - Throws: The error itself, when asking again does not help.
  mutating func pause(after error: UserAPIError) throws(UserAPIError) -> Duration {
    switch error.reason {
    case .rateLimited, .serverStopping:
      // It will take the call, only not now.
      break
    case .invalidResponse:
      // Some proxies end a response as if it were whole when they lose the server.
      guard self.isKnown else { throw error }
    default:
      // A server that has never been heard of may not be one, or may never be able to serve.
      guard self.isKnown, error.code == .unavailable else { throw error }
    }
    return max(self.pause.next(), min(error.retryAfter ?? .zero, Self.longestWait))
  }

  /// What somebody is told who looks on while the server is asked again.
  static func notice(of error: UserAPIError) -> String {
    switch error.reason {
    case .connectionFailed, .serverStopping, .invalidResponse: "connection lost, trying again"
    case .rateLimited: "too many calls, trying again"
    default: "the server cannot answer now, trying again"
    }
  }
}

/// How long to wait before a server that is lost is asked again: ever longer.
struct Pause {
  private static let longest: Duration = .seconds(5)
  private var time: Duration = .milliseconds(100)

  mutating func next() -> Duration {
    defer { self.time = min(self.time * 2, Self.longest) }
    return self.time
  }
}
