internal import CPostgres

extension PostgresSession {
  /// How connections are made. Prints as `<redacted>`: a password is part of it.
  struct Target: Sendable, CustomStringConvertible, CustomReflectable {
    /// What libpq is to connect with, one after the other until one succeeds.
    var attempts: [[String: String]]
    /// How long one of them may take. Looking a name up is libpq's, and takes as long as the system
    /// has it.
    var timeout: Duration

    var description: String { "<redacted>" }
    var customMirror: Mirror { Mirror(self, children: []) }
  }

  /// Makes a connection.
  ///
  /// - Parameters:
  ///   - isStopped: Whether nobody wants it any more. Asked whenever `wake` is woken.
  ///   - prepare: What is done on it before anything else.
  /// - Throws: `unavailable`, as the last attempt has failed.
  static func connect(
    to target: Target, limits: Limits, canceler: PostgresCanceler, wake: WakeUp,
    isStopped: @escaping () -> Bool, prepare: (PostgresSession) throws(PostgresFailure) -> Void
  ) throws(PostgresFailure) -> PostgresSession {
    var failure = PostgresFailure.unavailable("there is no host")
    for attempt in target.attempts where !isStopped() {
      do throws(PostgresFailure) {
        let deadline = ContinuousClock.now + target.timeout
        let session = PostgresSession(
          try Self.connect(with: attempt, until: deadline, wake: wake, isStopped: isStopped),
          wake: wake, limits: limits, canceler: canceler)
        try session.whileConnecting(until: deadline, isStopped: isStopped) {
          () throws(PostgresFailure) in try session.setUp()
        }
        try session.whileConnecting(until: .now + limits.ceiling, isStopped: isStopped) {
          () throws(PostgresFailure) in try prepare(session)
        }
        return session
      } catch {
        failure = error
      }
    }
    throw failure
  }

  private static func connect(
    with options: [String: String], until deadline: ContinuousClock.Instant, wake: WakeUp,
    isStopped: () -> Bool
  ) throws(PostgresFailure) -> OpaquePointer {
    guard let connection = Self.start(options) else { throw .unavailable("no memory") }
    do throws(PostgresFailure) {
      // Its messages quote what it was given, and go to the standard error.
      PQsetNoticeReceiver(connection, { _, _ in }, nil)
      // Errors then are an SQLSTATE, where they are the server's.
      PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE)
      guard PQstatus(connection) != CONNECTION_BAD else { throw Self.failure(of: connection) }
      var polling = PGRES_POLLING_WRITING
      while polling != PGRES_POLLING_OK {
        guard polling != PGRES_POLLING_FAILED else { throw Self.failure(of: connection) }
        let ready = wake.wait(
          socket: PQsocket(connection), reads: polling == PGRES_POLLING_READING,
          writes: polling == PGRES_POLLING_WRITING, until: deadline)
        if isStopped() { throw .unavailable("the database is closed") }
        if ready.isSocket {
          polling = PQconnectPoll(connection)
        } else if ContinuousClock.now >= deadline {
          throw .unavailable("the server does not answer")
        }
      }
      guard PQsetnonblocking(connection, 1) == 0 else { throw .unavailable("no memory") }
      return connection
    } catch {
      PQfinish(connection)
      throw error
    }
  }

  private static func start(_ options: [String: String]) -> OpaquePointer? {
    // libpq copies what it is given.
    var bytes: [CChar] = []
    var places: [(keyword: Int, value: Int)] = []
    for (keyword, value) in options {
      places.append((bytes.count, bytes.count + keyword.utf8.count + 1))
      for text in [keyword, value] { bytes += text.utf8.map { CChar(bitPattern: $0) } + [0] }
    }
    return bytes.withUnsafeBufferPointer { bytes in
      func pointer(_ place: Int) -> UnsafePointer<CChar>? { bytes.baseAddress.map { $0 + place } }
      return PQconnectStartParams(
        places.map { pointer($0.keyword) } + [nil], places.map { pointer($0.value) } + [nil], 0)
    }
  }

  /// What every statement on the connection can rely on, whatever the server's configuration says.
  private func setUp() throws(PostgresFailure) {
    // The server also ends what a program has begun that is stopped half way, but not what is idle; and
    // the connections, with their locks, of a machine that has gone without a word.
    // Not every version has every setting.
    try self.query(
      """
      SELECT set_config(name, value, false)
      FROM (VALUES ('statement_timeout', $1), ('idle_in_transaction_session_timeout', $1),
        ('default_transaction_isolation', 'read committed'), ('idle_session_timeout', '0'),
        ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '2'),
        ('tcp_keepalives_count', '3'), ('tcp_user_timeout', '10000')
      ) AS wanted (name, value) JOIN pg_settings USING (name)
      """,
      .text(self.ceilingText))
  }

  // MARK: Why not

  /// What libpq says quotes what it was given, so it goes no further than this.
  private static func failure(of connection: OpaquePointer) -> PostgresFailure {
    let message = String(cString: PQerrorMessage(connection))
    if let state = Self.state(in: message) {
      return .unavailable("the server refuses the connection", state)
    }
    for (words, problem) in [
      ("Connection refused", "nobody listens there"),
      ("No such file or directory", "there is no such socket or file"),
      ("could not translate host name", "the host's name is not known"),
      ("certificate verify failed", "the server's certificate is not trusted"),
      ("does not match host name", "the server's certificate is for another host"),
      ("root certificate file", "the file that sslrootcert names cannot be read"),
      ("does not support SSL", "the server does not speak TLS"),
      ("SSL error", "TLS failed"),
      ("no password supplied", "the server wants a password"),
      ("session is read-only", "no server is as target_session_attrs asks"),
      ("session is not read-only", "no server is as target_session_attrs asks"),
      ("server is in hot standby mode", "no server is as target_session_attrs asks"),
      ("server is not in hot standby mode", "no server is as target_session_attrs asks"),
      ("server closed the connection", "the server hangs up"),
      ("timeout", "the server does not answer"), ("timed out", "the server does not answer"),
      ("unreachable", "the host cannot be reached"),
    ] where message.contains(words) {
      return .unavailable(problem)
    }
    return .unavailable("no connection")
  }

  /// The SQLSTATE that ends a line, as in `FATAL:  28P01`, whatever the language.
  private static func state(in message: String) -> SQLState? {
    for line in message.split(separator: "\n") {
      guard line.dropLast(5).hasSuffix(":  ") else { continue }
      if let state = SQLState(line.suffix(5)) { return state }
    }
    return nil
  }
}
