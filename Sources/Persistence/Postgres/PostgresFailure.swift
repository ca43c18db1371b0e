internal import UserAPI

/// Why the database did not do what it was asked to.
///
/// Says nothing of what was asked, and nothing of what the server said but its SQLSTATE: its messages
/// quote rows.
enum PostgresFailure: Error, Sendable, Equatable {
  /// The caller's task is canceled. What was asked may have been done.
  case canceled
  /// There is no connection to be had, and nothing was asked of the server.
  case unavailable(String, SQLState? = nil)
  /// The connection broke. Unless it was sent, nothing of what was asked has been done.
  case lost(isSent: Bool, SQLState? = nil)
  /// The server took longer than a statement may.
  case timedOut
  /// The server refused a statement, whose transaction it has undone.
  case refused(SQLState?)
  /// A row holds what nobody would have written.
  case unreadable(CorruptRow)
  /// A value is none that PostgreSQL can hold.
  case unstorable(String)

  /// What the stores throw for it.
  var apiError: UserAPIError {
    switch self {
    case .canceled:
      UserAPIError.canceled
    case .unavailable, .lost, .timedOut, .refused:
      UserAPIError(.storeUnavailable, "the database does not answer", cause: self)
    case .unreadable(let row):
      UserAPIError(.internalError, "the database holds what cannot be read", cause: row)
    case .unstorable:
      UserAPIError(.internalError, "the database cannot hold that", cause: self)
    }
  }
}

extension PostgresFailure: CustomStringConvertible {
  var description: String {
    switch self {
    case .canceled: "the caller left"
    case .unavailable(let problem, let state):
      state.map { "\(problem), \($0)" } ?? problem
    case .lost(_, let state):
      state.map { "the connection broke, \($0)" } ?? "the connection broke"
    case .timedOut: "it took too long"
    case .refused(let state): state.map { "\($0)" } ?? "no SQLSTATE"
    case .unreadable(let row): row.problem
    case .unstorable(let problem): problem
    }
  }
}
