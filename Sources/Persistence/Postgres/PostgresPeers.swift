internal import NIOConcurrencyHelpers
package import SessionService
package import UserAPI

/// What the servers over one PostgreSQL database agree by: advisory locks, and notifications of what
/// one of them has heard or done, on one connection that is kept for it.
///
/// A lock is the connection's. When that breaks, another server may take the lock, so whatever was done
/// under it is cancelled. What was notified meanwhile is read from the table once there is another.
package final class PostgresPeers: SessionPeers {
  /// The channel that servers notify.
  static let channel = "user_api_sessions"
  /// How much further back than the end of the last connection the table is read: it may have been
  /// silent for a while before it was seen to have ended, and what was written then committed later.
  private static let overlap: Duration = .seconds(30)
  /// How many sessions are told of in one statement.
  private static let batchSize = 500
  /// How many sessions there are at most that others have not been told of yet. Of further ones they
  /// learn when they look.
  private static let capacity = 65_536
  /// How long closing waits for what is still to be told.
  private static let closingGrace: Duration = .seconds(2)

  private struct State {
    var heard: @Sendable (SessionNews) -> Void = { _ in }
    /// Which connection it is, by number; grows with each.
    var connection: UInt64 = 0
    var isConnected = false
    /// When there was last one, or when this began.
    var lastContact = ContinuousClock.now
    /// What ends if the connection does, by its number.
    var holds: [UInt64: @Sendable () -> Void] = [:]
    var lastHold: UInt64 = 0
    var isReconciler = false
    /// The news that others have not been told yet, by the session's name.
    var pending: [String: SessionNews] = [:]
    var isTelling = false
    var isClosed = false

    /// The latest says it all, and a change says more than an announcement.
    mutating func keep(_ news: SessionNews) {
      switch (self.pending[news.name], news) {
      case (.some(.changed), .announced): return
      case (nil, _): guard self.pending.count < PostgresPeers.capacity else { return }
      default: break
      }
      self.pending[news.name] = news
    }

    /// Keeps what could not be told, unless there is later news of the session.
    mutating func putBack(_ news: SessionNews) {
      switch (self.pending[news.name], news) {
      case (nil, _), (.some(.announced), .changed): self.pending[news.name] = news
      default: break
      }
    }
  }

  /// What this server's notifications begin with, so that it does not hear itself.
  private let sender = String(UInt64.random(in: .min ... .max), radix: 36)
  private let state: NIOLockedValueBox<State>
  /// The one connection.
  private let pool: PostgresPool
  /// Those that others are told on: a row that somebody holds keeps no lock waiting.
  private let others: PostgresPool

  init(
    target: PostgresSession.Target, configuration: PostgresPool.Configuration,
    others: PostgresPool
  ) {
    self.others = others
    let (state, sender) = (NIOLockedValueBox(State()), self.sender)
    var configuration = configuration
    configuration.connections.maxConnections = 1
    // Those who wait for their turn leave by themselves.
    configuration.connections.maxWaiters = .max
    configuration.prepare = { session throws(PostgresFailure) in
      try Self.prepare(session, sender, state)
    }
    configuration.ended = {
      let holds = state.withLockedValue { state in
        state.isConnected = false
        state.isReconciler = false
        state.lastContact = .now
        defer { state.holds = [:] }
        return state.holds
      }
      for lost in holds.values { lost() }
    }
    self.state = state
    self.pool = PostgresPool(target: target, configuration: configuration)
  }

  deinit {
    self.pool.stop()
  }

  package func listen(_ heard: @escaping @Sendable (SessionNews) -> Void) async {
    self.state.withLockedValue { $0.heard = heard }
    do throws(PostgresFailure) { try await self.pool.run(.read) { _ in } } catch {
      // The pool tries again by itself, and stays connected from then on.
    }
  }

  package func close() async {
    let end = ContinuousClock.now + Self.closingGrace
    while self.state.withLockedValue({ $0.isTelling }), ContinuousClock.now < end {
      do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
    }
    self.state.withLockedValue { $0.isClosed = true }
    await self.pool.close()
  }

  /// On the thread of a new connection.
  private static func prepare(
    _ session: PostgresSession, _ sender: String, _ state: NIOLockedValueBox<State>
  ) throws(PostgresFailure) {
    let heard = state.withLockedValue { $0.heard }
    session.onNotification = { payload in
      guard let news = SessionNews(payload: payload, except: sender) else { return }
      heard(news)
    }
    try session.script("LISTEN \(Self.channel)")
    let missed = state.withLockedValue { $0.lastContact }.duration(to: .now) + Self.overlap
    let names = try session.query(
      """
      SELECT session_name, user_id FROM whatsapp_sessions
      WHERE announced_at > clock_timestamp() - $1::bigint * interval '1 millisecond'
      """,
      .integer(Int64(missed / .milliseconds(1)))
    ).map { row throws(PostgresFailure) in
      SessionNews.changed(.ended, name: try row.text(0), userID: try row.text(1))
    }
    state.withLockedValue { state in
      state.connection += 1
      state.isConnected = true
    }
    for news in names { heard(news) }
  }

  // MARK: Locks

  package func withLock<Value: Sendable>(
    ofUser userID: String, _ body: @escaping @Sendable () async throws(UserAPIError) -> Value
  ) async throws(UserAPIError) -> Value {
    let connection = try await self.lock(userID)
    let task = Task { () async -> Result<Value, UserAPIError> in
      do throws(UserAPIError) {
        return .success(try await body())
      } catch {
        return .failure(error)
      }
    }
    let hold = self.state.withLockedValue { state -> UInt64? in
      guard state.isConnected, state.connection == connection else { return nil }
      state.lastHold += 1
      state.holds[state.lastHold] = { task.cancel() }
      return state.lastHold
    }
    if hold == nil { task.cancel() }
    let result = await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
    let isHeld = self.state.withLockedValue { state in
      hold.map { state.holds.removeValue(forKey: $0) != nil } ?? false
    }
    if isHeld { self.unlock(userID, connection) }
    do throws(UserAPIError) {
      return try result.get()
    } catch {
      guard error.code == .canceled, !isHeld, !Task.isCancelled else { throw error }
      throw UserAPIError(.storeUnavailable, "the database was lost in the middle")
    }
  }

  /// Asks again and again until no other server has the lock.
  ///
  /// - Returns: The connection that has it.
  private func lock(_ userID: String) async throws(UserAPIError) -> UInt64 {
    var pause: Duration = .milliseconds(10)
    while true {
      if let connection = try await self.tryLock(userID) {
        guard !Task.isCancelled else {
          self.unlock(userID, connection)
          throw .canceled
        }
        return connection
      }
      do { try await Task.sleep(for: pause) } catch { throw .canceled }
      pause = min(pause * 2, .milliseconds(200))
    }
  }

  private func tryLock(_ userID: String) async throws(UserAPIError) -> UInt64? {
    let promise = PostgresPromise<UInt64?>()
    Task {
      let result = await self.change { [state] session throws(PostgresFailure) -> UInt64? in
        let isLocked = try session.query(
          "SELECT pg_try_advisory_lock(\(PostgresLock.userKey))::int::bigint", .text(userID)
        ).first { row throws(PostgresFailure) in try row.integer(0) == 1 }
        return isLocked == true ? state.withLockedValue { $0.connection } : nil
      }
      if !promise.give(result), case .success(.some(let connection)) = result {
        // Whoever wanted it has left.
        self.unlock(userID, connection)
      }
    }
    do throws(PostgresFailure) { return try await promise.value() } catch { throw error.apiError }
  }

  /// Waits for nothing: whoever asks next on this server asks behind it.
  private func unlock(_ userID: String, _ connection: UInt64) {
    Task {
      while self.isCurrent(connection) {
        let result = await self.change { [state] session throws(PostgresFailure) in
          guard state.withLockedValue({ $0.connection }) == connection else { return }
          try session.query("SELECT pg_advisory_unlock(\(PostgresLock.userKey))", .text(userID))
        }
        // Else it is given back, or the connection is gone and the lock with it. Here nothing was asked
        // of the server.
        guard case .failure(.unavailable) = result else { return }
        // Nobody cancels this task.
        do { try await Task.sleep(for: .milliseconds(50)) } catch {}
      }
    }
  }

  private func isCurrent(_ connection: UInt64) -> Bool {
    self.state.withLockedValue { $0.isConnected && $0.connection == connection && !$0.isClosed }
  }

  package func isReconciler() async -> Bool {
    let result = await self.change { [state] session throws(PostgresFailure) in
      if state.withLockedValue({ $0.isReconciler }) { return true }
      let keys = PostgresLock.reconciliation.keys
      let isLocked = try session.query(
        "SELECT pg_try_advisory_lock($1, $2)::int::bigint", keys.0, keys.1
      ).first { row throws(PostgresFailure) in try row.integer(0) == 1 }
      state.withLockedValue { $0.isReconciler = isLocked == true }
      return isLocked == true
    }
    // A server that does not reach the database brings nothing together.
    guard case .success(let isReconciler) = result else { return false }
    return isReconciler
  }

  /// Runs what takes locks or gives them back. Whoever leaves does not disturb it, and if it is not
  /// known what became of it the connection is closed, with all its locks.
  private func change<Value: Sendable>(
    _ body: @escaping @Sendable (PostgresSession) throws(PostgresFailure) -> Value
  ) async -> Result<Value, PostgresFailure> {
    await Task { [pool] () async -> Result<Value, PostgresFailure> in
      do throws(PostgresFailure) {
        return .success(
          try await pool.run(.write) { session throws(PostgresFailure) in
            do throws(PostgresFailure) { return try body(session) } catch {
              session.discard()
              throw error
            }
          })
      } catch {
        return .failure(error)
      }
    }.value
  }

  // MARK: News

  package func tell(_ news: SessionNews) {
    let begins = self.state.withLockedValue { state in
      state.keep(news)
      defer { state.isTelling = true }
      return !state.isTelling
    }
    if begins { Task { await self.tellAll() } }
  }

  /// Tells what there is, until nothing is left.
  private func tellAll() async {
    var pause: Duration = .milliseconds(100)
    while let batch = self.takeBatch() {
      do throws(PostgresFailure) {
        try await self.tell(batch)
        pause = .milliseconds(100)
      } catch {
        // What the database cannot hold it has no session of.
        if case .unstorable = error { continue }
        self.state.withLockedValue { state in batch.forEach { state.putBack($0) } }
        // Nobody cancels this task.
        do { try await Task.sleep(for: pause) } catch {}
        pause = min(pause * 2, .seconds(2))
      }
    }
  }

  private func takeBatch() -> [SessionNews]? {
    self.state.withLockedValue { state in
      let batch = state.isClosed ? [] : Array(state.pending.values.prefix(Self.batchSize))
      for news in batch { state.pending[news.name] = nil }
      state.isTelling = !batch.isEmpty
      return batch.isEmpty ? nil : batch
    }
  }

  private func tell(_ batch: [SessionNews]) async throws(PostgresFailure) {
    try await self.others.run(.read) { [sender] session throws(PostgresFailure) in
      // Several servers tell of the same sessions at once: the rows are taken in one order.
      _ = try session.query(
        """
        WITH known AS (
          SELECT s.id, s.session_name, s.user_id, n.word
          FROM whatsapp_sessions s JOIN unnest($1::text[], $2::text[]) AS n (name, word)
            ON s.session_name = n.name
          ORDER BY s.id FOR NO KEY UPDATE OF s
        ), noted AS (
          UPDATE whatsapp_sessions s SET announced_at = clock_timestamp()
          FROM known WHERE s.id = known.id
          RETURNING
            $3 || ' ' || known.word || ' ' || known.session_name || ' ' || known.user_id AS news
        )
        SELECT pg_notify('\(Self.channel)', news)::text FROM noted
        """,
        .texts(batch.map(\.name)), .texts(batch.map(\.word)), .text(sender))
    }
  }
}

extension SessionNews {
  fileprivate var name: String {
    switch self {
    case .announced(let name), .changed(_, let name, _): name
    }
  }

  /// What stands for it in a notification, before the session's name and the user's.
  fileprivate var word: String {
    switch self {
    case .announced: "announced"
    case .changed(let change, _, _): change.rawValue
    }
  }

  /// Nil for what nobody here writes, and for what that sender does.
  fileprivate init?(payload: String, except sender: String) {
    let parts = payload.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
      .map(String.init)
    guard parts.count == 4, parts[0] != sender else { return nil }
    if parts[1] == "announced" {
      self = .announced(name: parts[2])
    } else if let change = SessionChange(rawValue: parts[1]) {
      self = .changed(change, name: parts[2], userID: parts[3])
    } else {
      return nil
    }
  }
}
