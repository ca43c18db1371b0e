/// Looking at sessions.
extension Simulator {
  func listSessions(_ request: Request, _ dialect: Dialect) throws(Refusal) -> Response {
    let showsAll: Bool
    switch request.parameter("all") {
    case "true", "True", "1": showsAll = true
    case nil, "false", "False", "0": showsAll = false
    case .some: throw Refusal(.validation(["all must be a boolean value"]))
    }
    let owner = self.setup.book.owner
    let listed = self.sessions().filter { showsAll || $0.machine.isRunning }.map {
      $0.listed(dialect, owner: owner, activity: self.wallClock.now)
    }
    return .json(200, .array(listed))
  }

  func showSession(_ name: String, _ dialect: Dialect) throws(Refusal) -> Response {
    guard let session = self.session(name) else { throw Refusal(.sessionNotFound) }
    return self.describe(session, 200, dialect)
  }

  func me(_ name: String, _ dialect: Dialect) throws(Refusal) -> Response {
    guard let session = self.session(name), session.machine.isRunning else {
      throw Refusal(.sessionNotRunning(name))
    }
    let me = session.me(dialect, owner: self.setup.book.owner)
    return me == .null ? .empty(200) : .json(200, me)
  }

  /// The single view of a session.
  func describe(_ session: Session, _ status: Int, _ dialect: Dialect) -> Response {
    let owner = self.setup.book.owner
    return .json(
      status, session.shown(dialect, owner: owner, activity: self.wallClock.now))
  }
}
