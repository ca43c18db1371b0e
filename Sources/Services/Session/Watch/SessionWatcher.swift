package import UserAPI

/// One who watches a session. Watches for as long as it exists.
package final class SessionWatcher: Sendable {
  private let session: WatchedSession
  private let id: UInt64

  init(_ session: WatchedSession, _ id: UInt64) {
    self.session = session
    self.id = id
  }

  deinit {
    self.session.leave(self.id)
  }

  /// The next event without waiting for it; nil when there is none yet.
  ///
  /// - Returns: Else what ``next()`` would return or throw.
  package func take() -> Result<WatchEvent?, UserAPIError>? {
    self.session.take(self.id)
  }

  /// Calls `wake` once, from any thread, when ``take()`` has something to give; perhaps at once. Who
  /// asks again is called instead of who asked before.
  package func whenReady(_ wake: @escaping @Sendable () -> Void) {
    self.session.whenReady(self.id, wake)
  }

  /// The next event; nil when the session is logged out. One task at a time may wait for it.
  ///
  /// - Throws: `SESSION_MISSING_UPSTREAM`, one of the `UPSTREAM_…` reasons when WAHA could not be
  ///   asked in the beginning, `READER_TOO_SLOW` when the next event is no longer kept, `canceled`
  ///   when the task is.
  package func next() async throws(UserAPIError) -> WatchEvent? {
    try await self.session.next(self.id).get()
  }
}
