internal import NIOHTTP1
internal import NIOConcurrencyHelpers

extension Simulator {
  /// Takes a request as it came from a connection.
  /// - Returns: The ticket to report the answer under, nil for the control calls, which are not
  ///   recorded.
  func receive(_ request: Request) -> (ticket: RequestLog.Ticket?, outcome: Outcome) {
    if request.path == "/simulator" || request.path.hasPrefix("/simulator/") {
      return (nil, self.control(request))
    }
    let ticket = self.log.began(
      request.method.rawValue, request.target,
      traceparent: request.headers.first(name: "traceparent"))
    guard let fault = self.faults.take(method: request.method.rawValue, path: request.path) else {
      return (ticket, self.answer(request))
    }
    return (ticket, self.answer(request, with: fault))
  }

  /// Answers as the real server would.
  func answer(_ request: Request) -> Outcome {
    do throws(Refusal) {
      guard self.isAllowed(request) else { throw Refusal(.unauthorized) }
      let (engine, version, _) = self.setup
      guard let route = Route(request.method, try request.segments()), route.exists(in: version)
      else {
        throw Refusal(.failure(404, "Cannot \(request.method.rawValue) \(request.target)"))
      }
      let dialect = Dialect(engine: engine, version: version)
      if let name = route.asksEngine(request), let death = self.session(name)?.death {
        switch death {
        case .hang: return .now(.silence)
        case .error: return .answer(dialect.exception(.pageHung, to: request))
        }
      }
      return try self.answer(request, route, dialect)
    } catch {
      return .answer(error.response)
    }
  }

  private func isAllowed(_ request: Request) -> Bool {
    guard let key = self.apiKey, ["/api", "/health", "/ws"].contains(where: request.path.hasPrefix)
    else { return true }
    if request.headers.first(name: "x-api-key") == key { return true }
    return request.parameter("x-api-key") == key
      && self.state.withLockedValue { $0.version.takesKeyInQuery }
  }

  private func answer(
    _ request: Request, _ route: Route, _ dialect: Dialect
  ) throws(Refusal) -> Outcome {
    switch route {
    case .ping: .answer(.json(200, ["message": "pong"]))
    case .health: .answer(self.health())
    case .version: .answer(.json(200, dialect.environment))
    case .serverStatus: .answer(self.serverStatus(dialect))
    case .serverEnvironment: .answer(.json(200, ["WAHA_SIMULATOR": "true"]))
    case .serverStop: .answer(.json(201, ["stopping": true]))
    case .listSessions: .answer(try self.listSessions(request, dialect))
    case .showSession(let name): .answer(try self.showSession(name, dialect))
    case .me(let name): .answer(try self.me(name, dialect))
    case .createSession: try self.createSession(request, dialect)
    case .replaceSession(let name): try self.replaceSession(name, request, dialect)
    case .deleteSession(let name): self.deleteSession(name, request, dialect)
    case .startSession(let name): self.startSession(name, request, dialect)
    case .stopSession(let name): self.stopSession(name, request, dialect)
    case .restartSession(let name): self.restartSession(name, request, dialect)
    case .logoutSession(let name): self.logoutSession(name, request, dialect)
    case .code(let name): try self.code(name, request, dialect)
    case .requestCode(let name): try self.requestCode(name, request, dialect)
    case .groups(let name): try self.groups(name, request, dialect)
    case .countGroups(let name): self.countGroups(name, dialect)
    case .refreshGroups(let name): self.refreshGroups(name, dialect)
    case .contacts: try self.contacts(request, dialect)
    case .lids(let name): try self.lids(name, request, dialect)
    case .countLids(let name): self.countLids(name, dialect)
    case .lid(let name, let lid): self.lid(name, lid, dialect)
    case .lidOfNumber(let name, let number): self.lidOfNumber(name, number, dialect)
    }
  }
}
