internal import UserAPI

/// Decides whether a server that was lost within a stream is asked again, and when.
struct LostServer {
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
    // A server that has never been heard of may not be one.
    guard self.isKnown || error.reason == .serverStopping, error.code == .unavailable else {
      throw error
    }
    return self.pause.next()
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
