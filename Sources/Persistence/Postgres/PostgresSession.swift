internal import CPostgres

/// One connection as libpq has it, on the thread that owns it: statements in, rows out. Sleeps
/// nowhere but in ``WakeUp/wait(socket:reads:writes:until:)``, and there with a bound.
final class PostgresSession {
  struct Limits: Sendable {
    /// How long a statement may take at the server.
    var ceiling: Duration = .seconds(5)
    /// How much longer it is waited for: the server is the first to say that it took too long.
    var grace: Duration = .milliseconds(500)
    /// How long a statement that nobody waits for any more may take to end. After that the
    /// connection is closed.
    var cleanUp: Duration = .seconds(1)
    /// How old a connection is at least that is given up because the server has become read-only.
    var youth: Duration = .seconds(3)
  }

  /// Whoever waits for what the statements give.
  struct Caller {
    /// How long a statement may take; the limits' when it is nil.
    var ceiling: Duration?
    /// Whether nobody waits any more.
    var isGone: () -> Bool
    /// Tells the caller before the connection is clean again.
    var giveUp: (PostgresFailure) -> Void
    /// Says that other connections may be as bad as this one.
    var suspectOthers: () -> Void
  }

  private let connection: OpaquePointer
  private let wake: WakeUp
  private let limits: Limits
  private let canceler: PostgresCanceler
  private let madeAt = ContinuousClock.now
  /// The names of what is prepared, by the statement.
  private var prepared: [String: String] = [:]
  /// How many names were given. One whose answer nobody waited for may be known to the server.
  private var nameCount = 0
  private var caller: Caller?
  private var cancelRequest: PostgresCanceler.Request?
  /// Whether something that the caller wanted is done and stays, whatever becomes of the rest.
  private var hasEffect = false

  /// Told the words with which a program has notified a channel.
  var onNotification: ((_ payload: String) -> Void)?

  private var isClosed = false
  /// Whether it can no longer be used.
  private(set) var isLost = false

  /// - Parameter connection: Is this object's from now on; connected, and not blocking.
  init(
    _ connection: OpaquePointer, wake: WakeUp, limits: Limits, canceler: PostgresCanceler
  ) {
    self.connection = connection
    self.wake = wake
    self.limits = limits
    self.canceler = canceler
  }

  deinit {
    if !self.isClosed { PQfinish(self.connection) }
  }

  /// Closes the socket, without waiting for the server. Nothing may come after.
  func close() {
    self.isLost = true
    self.isClosed = true
    PQfinish(self.connection)
  }

  /// Has the connection closed once the caller under way is done, so that nothing is left of what was
  /// set or locked on it.
  func discard() {
    self.isLost = true
  }

  // MARK: Callers

  /// Runs what a caller wants, and leaves the connection clean, or lost.
  func run<Value>(
    for caller: Caller, _ body: (PostgresSession) throws(PostgresFailure) -> Value
  ) -> Result<Value, PostgresFailure> {
    self.caller = caller
    self.hasEffect = false
    let result: Result<Value, PostgresFailure>
    do throws(PostgresFailure) {
      try self.lookAtSocket()
      result = .success(try body(self))
    } catch {
      if case .lost(_, let state) = error, self.hasEffect {
        result = .failure(.lost(isSent: true, state))
      } else {
        result = .failure(error)
      }
    }
    self.caller = nil
    self.cleanUp()
    return result
  }

  /// What a caller left half done is undone. A cancellation that is still on its way would hit the
  /// next caller's statement: it is waited for, and what it hits then is nobody's.
  private func cleanUp() {
    guard !self.isLost else { return }
    let deadline = ContinuousClock.now + self.limits.cleanUp
    let wasCanceled = self.cancelRequest != nil
    while let request = self.cancelRequest {
      guard !request.isOver else {
        self.cancelRequest = nil
        break
      }
      guard ContinuousClock.now < deadline else { return self.lose() }
      _ = self.wake.wait(until: deadline)
    }
    do throws(PostgresFailure) {
      if wasCanceled { try self.absorbCancellation(until: deadline) }
      switch PQtransactionStatus(self.connection) {
      case PQTRANS_IDLE: break
      case PQTRANS_INTRANS, PQTRANS_INERROR:
        _ = try self.runScript("ROLLBACK", until: deadline)
      default: self.lose()
      }
    } catch {
      self.lose()
    }
    if PQtransactionStatus(self.connection) != PQTRANS_IDLE { self.lose() }
  }

  private func absorbCancellation(
    until deadline: ContinuousClock.Instant
  ) throws(PostgresFailure) {
    do throws(PostgresFailure) {
      _ = try self.runScript("", until: deadline)
    } catch {
      guard case .refused = error else { throw error }
    }
  }

  // MARK: Idle

  /// Sleeps until somebody wakes it or the server says something, as it does when it goes away.
  func idle() {
    // Some came with the answer to something else.
    self.takeNotifications()
    let ready = self.wake.wait(socket: PQsocket(self.connection), until: nil)
    guard ready.isSocket else { return }
    do throws(PostgresFailure) { try self.lookAtSocket() } catch {
      // It is lost, as its owner sees.
    }
  }

  /// Reads what the server has said unasked.
  ///
  /// - Throws: `lost`, with nothing sent, when the server has gone.
  private func lookAtSocket() throws(PostgresFailure) {
    guard !self.isLost else { throw .lost(isSent: false) }
    while self.wake.isReadable(PQsocket(self.connection)) {
      guard PQconsumeInput(self.connection) == 1 else {
        self.lose()
        throw .lost(isSent: false)
      }
    }
    self.takeNotifications()
  }

  private func takeNotifications() {
    while let notification = PQnotifies(self.connection) {
      self.onNotification?(String(cString: notification.pointee.extra))
      PQfreemem(notification)
    }
  }

  // MARK: Statements

  /// Runs a statement, which is prepared when this connection has not seen it before.
  ///
  /// - Parameters:
  ///   - statement: Text that is the same each time; what changes are the values.
  ///   - values: For `$1`, `$2` and so on.
  @discardableResult
  func query(
    _ statement: String, _ values: PostgresValue...
  ) throws(PostgresFailure) -> PostgresRows {
    try self.checkCaller()
    let parameters = try PostgresParameters(values)
    let deadline = self.statementDeadline()
    let name = try self.prepare(statement, until: deadline)
    let isSent = name.withCString { name in
      parameters.withPointers { count, values, lengths, formats in
        // The results are in binary form, too.
        PQsendQueryPrepared(self.connection, name, count, values, lengths, formats, 1) == 1
      }
    }
    guard isSent else { throw self.broken(isSent: false) }
    let rows = try self.awaitRows(until: deadline)
    self.noteEffect()
    return rows
  }

  /// Runs statements that take no values and give no rows.
  ///
  /// - Returns: What became of the last of them, such as `COMMIT`.
  @discardableResult
  func script(_ statements: String) throws(PostgresFailure) -> String {
    try self.checkCaller()
    return try self.runScript(statements, until: self.statementDeadline())
  }

  /// Runs `body` in a transaction, which is undone when it throws.
  func transaction<Value>(
    _ body: () throws(PostgresFailure) -> Value
  ) throws(PostgresFailure) -> Value {
    try self.script("BEGIN")
    // What is left open is closed when the caller is done.
    let value = try body()
    guard try self.script("COMMIT") == "COMMIT" else { throw .refused(nil) }
    return value
  }

  private func runScript(
    _ statements: String, until deadline: ContinuousClock.Instant
  ) throws(PostgresFailure) -> String {
    guard PQsendQuery(self.connection, statements) == 1 else { throw self.broken(isSent: false) }
    let rows = try self.awaitRows(until: deadline)
    self.noteEffect()
    return rows.command
  }

  private func noteEffect() {
    // What is done in a transaction is undone with it.
    if PQtransactionStatus(self.connection) == PQTRANS_IDLE { self.hasEffect = true }
  }

  private func prepare(
    _ statement: String, until deadline: ContinuousClock.Instant
  ) throws(PostgresFailure) -> String {
    if let name = self.prepared[statement] { return name }
    let name = "s\(self.nameCount)"
    self.nameCount += 1
    guard PQsendPrepare(self.connection, name, statement, 0, nil) == 1 else {
      throw self.broken(isSent: false)
    }
    do throws(PostgresFailure) {
      _ = try self.awaitRows(until: deadline)
    } catch {
      // To be told what to do is not to do it.
      guard case .lost(_, let state) = error else { throw error }
      throw .lost(isSent: false, state)
    }
    self.prepared[statement] = name
    return name
  }

  /// Runs `body` for whoever makes the connection.
  func whileConnecting(
    until deadline: ContinuousClock.Instant, isStopped: @escaping () -> Bool,
    _ body: () throws(PostgresFailure) -> Void
  ) throws(PostgresFailure) {
    let rest = ContinuousClock.now.duration(to: deadline) - self.limits.grace
    self.caller = Caller(
      ceiling: rest, isGone: isStopped, giveUp: { _ in }, suspectOthers: {})
    defer { self.caller = nil }
    try body()
  }

  private func statementDeadline() -> ContinuousClock.Instant {
    .now + (self.caller?.ceiling ?? self.limits.ceiling) + self.limits.grace
  }

  /// The ceiling in the server's words: milliseconds.
  var ceilingText: String { Self.milliseconds(self.limits.ceiling) }

  static func milliseconds(_ duration: Duration) -> String {
    "\(Int64(duration / .milliseconds(1)))"
  }

  private func checkCaller() throws(PostgresFailure) {
    if self.isLost { throw .lost(isSent: false) }
    if self.caller?.isGone() == true { throw .canceled }
  }

  // MARK: Results

  /// Waits for all results of what was sent, and gives the last.
  private func awaitRows(
    until deadline: ContinuousClock.Instant
  ) throws(PostgresFailure) -> PostgresRows {
    var deadline = deadline
    var answer = Answer()
    /// Why it is given up, once it is.
    var givenUp: PostgresFailure?
    while true {
      let unflushed = PQflush(self.connection)
      guard unflushed >= 0 else { throw self.broken(isSent: true, answer.state) }
      while PQisBusy(self.connection) == 0 {
        guard let result = PQgetResult(self.connection) else {
          guard PQstatus(self.connection) == CONNECTION_OK else {
            throw self.broken(isSent: true, answer.state)
          }
          if let givenUp { throw givenUp }
          return try self.rows(answer)
        }
        answer.take(result)
        if answer.isLast { throw self.broken(isSent: true, answer.state) }
      }
      if givenUp == nil, self.caller?.isGone() == true {
        givenUp = .canceled
        deadline = self.cancel()
      }
      let ready = self.wake.wait(
        socket: PQsocket(self.connection), writes: unflushed > 0, until: deadline)
      if ready.isSocket {
        guard PQconsumeInput(self.connection) == 1 else {
          throw self.broken(isSent: true, answer.state)
        }
      } else if ContinuousClock.now >= deadline {
        guard givenUp == nil, let caller = self.caller else {
          self.lose()
          throw givenUp ?? .timedOut
        }
        givenUp = .timedOut
        // One who has less time than the server gives it tells nothing of the server.
        if caller.ceiling ?? self.limits.ceiling >= self.limits.ceiling { caller.suspectOthers() }
        caller.giveUp(.timedOut)
        deadline = self.cancel()
      }
    }
  }

  /// - Returns: When it must be over.
  private func cancel() -> ContinuousClock.Instant {
    self.cancelRequest = self.canceler.cancel(self.connection, wake: self.wake)
    // Without it, the statement ends with its ceiling, and that is too late.
    return .now + (self.cancelRequest == nil ? .zero : self.limits.cleanUp)
  }

  private func rows(_ answer: Answer) throws(PostgresFailure) -> PostgresRows {
    if let failure = answer.failure {
      guard let state = failure.state else { throw .refused(nil) }
      if state.isOfConnection {
        // Another that is made now would be read-only as well.
        if state == .readOnly, ContinuousClock.now - self.madeAt < self.limits.youth {
          throw .refused(state)
        }
        self.lose()
        self.caller?.suspectOthers()
        throw .lost(isSent: false, state)
      }
      if state.isOfData { throw .unstorable("\(state)") }
      throw state == .queryCanceled ? .timedOut : .refused(state)
    }
    guard let rows = answer.rows else { throw .refused(nil) }
    return rows
  }

  /// What the server has said so far.
  private struct Answer {
    var rows: PostgresRows?
    /// The first error.
    var failure: (state: SQLState?, isFatal: Bool)?

    var state: SQLState? { self.failure?.state }
    /// Whether the server ends the connection with it.
    var isLast: Bool { self.failure?.isFatal ?? false }

    mutating func take(_ result: OpaquePointer) {
      let rows = PostgresRows(result)
      switch PQresultStatus(result) {
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
        self.rows = rows
      default:
        guard self.failure == nil else { return }
        self.failure = (rows.state, rows.isFatal)
      }
    }
  }

  // MARK: The end

  private func broken(isSent: Bool, _ state: SQLState? = nil) -> PostgresFailure {
    self.lose()
    return .lost(isSent: isSent, state)
  }

  private func lose() {
    self.isLost = true
  }
}
