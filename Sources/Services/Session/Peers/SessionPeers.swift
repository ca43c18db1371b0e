package import UserAPI

/// The other servers over the same database: what this one does has to agree with what they do.
package protocol SessionPeers: Sendable {
  /// Begins to hear what the others tell, as far as that is possible by now, and goes on with it.
  func listen(_ heard: @escaping @Sendable (SessionNews) -> Void) async

  /// Runs `body` while no other server does anything to the user's session. This server's own calls
  /// do not wait for each other here.
  ///
  /// - Throws: What `body` throws; `STORE_UNAVAILABLE` when it cannot be known what the others do, also
  ///   in the middle, when `body` is cancelled; `canceled` when the task is while it waits.
  func withLock<Value: Sendable>(
    ofUser userID: String, _ body: @escaping @Sendable () async throws(UserAPIError) -> Value
  ) async throws(UserAPIError) -> Value

  /// Lets the others know, soon, and waits for nothing. What cannot be told now is told later.
  func tell(_ news: SessionNews)

  /// Whether it is this server that brings the database and WAHA together. Of all of them one is.
  func isReconciler() async -> Bool

  /// Tells what is still to be told, if that is possible soon. Nothing is heard or locked after it.
  func close() async
}

/// What a server has heard of a session, or done to it: whatever others know of it is out of date.
package enum SessionNews: Sendable, Equatable {
  /// WAHA said by itself that the session of that name is another way.
  case announced(name: String)
  /// A server has begun to do something to it, or has done it.
  case changed(SessionChange, name: String, userID: String)
}

/// No others: what is known of them where the database is a file.
package struct NoSessionPeers: SessionPeers {
  package init() {}

  package func listen(_ heard: @escaping @Sendable (SessionNews) -> Void) async {}

  package func withLock<Value: Sendable>(
    ofUser userID: String, _ body: @escaping @Sendable () async throws(UserAPIError) -> Value
  ) async throws(UserAPIError) -> Value {
    try await body()
  }

  package func tell(_ news: SessionNews) {}

  package func isReconciler() async -> Bool { true }

  package func close() async {}
}
