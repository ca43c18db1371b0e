internal import NIOCore
internal import NIOHTTP1

/// The control calls under `/simulator`.
extension Simulator {
  func control(_ request: Request) -> Outcome {
    do throws(Refusal) {
      return try self.control(request, Array(try request.segments().dropFirst()))
    } catch {
      return .answer(error.response)
    }
  }

  private func control(_ request: Request, _ path: [String]) throws(Refusal) -> Outcome {
    switch (request.method, path.first, path.count) {
    case (_, "sessions", _):
      let path = Array(path.dropFirst())
      if request.method == .GET, path.count == 2, path[1] == "history" {
        return .later { .response(self.showHistory(of: path[0])) }
      }
      return .answer(try self.controlSessions(request, path))
    case (.POST, "faults", 1):
      self.faults.add(try self.decode(Fault.self, request))
    case (.DELETE, "faults", 1):
      self.faults.clear()
    case (.GET, "requests", 1):
      return .answer(.json(200, .array(self.log.requests().map(\.json))))
    case (.GET, "requests", 2) where path[1] == "count":
      let (requests, aborted) = self.log.count(
        method: request.parameter("method"), path: request.parameter("path") ?? "")
      return .answer(.json(200, ["count": .int(requests), "aborted": .int(aborted)]))
    case (.DELETE, "requests", 1):
      self.log.clear()
    case (.GET, "webhooks", 1):
      return .later { .response(.json(200, self.webhookReport)) }
    case (.PUT, "webhooks", 1):
      self.courier.steer(try self.decode(WebhookSteering.self, request))
    case (.DELETE, "webhooks", 1):
      self.courier.clear()
    case (.PUT, "engine", 1):
      try self.changeEngine(request)
    case (.GET, "address-book", 1):
      return .later { .response(.json(200, self.setup.book.truth)) }
    case (.PUT, "address-book", 1):
      let form = try self.decode(AddressBookForm.self, request)
      return .later {
        self.setAddressBook(form.book)
        return .response(.json(200, ["ok": true]))
      }
    default:
      throw Refusal(.failure(404, "Cannot \(request.method.rawValue) \(request.target)"))
    }
    return .answer(.json(200, ["ok": true]))
  }

  private func controlSessions(_ request: Request, _ path: [String]) throws(Refusal) -> Response {
    switch (request.method, path.count, path.last) {
    case (.GET, 0, _):
      return .json(200, .array(self.sessions().map(\.controlView)))
    case (.DELETE, 0, _):
      self.forgetAll()
    case (.DELETE, 1, _):
      guard self.forget(path[0]) else { throw Refusal(.sessionNotFound) }
    case (.POST, 2, "scan"):
      switch self.scan(path[0]) {
      case .scanned: break
      case .noSuchSession: throw Refusal(.sessionNotFound)
      case .notShowingCode: throw Refusal(.failure(409, "The session shows no code"))
      }
    case (.PUT, 2, "status"):
      guard let status = try request.control()["status"]?.text else {
        throw Refusal(.validation(["status must be a string"]))
      }
      guard self.setStatus(path[0], to: status) else { throw Refusal(.sessionNotFound) }
    case (.PUT, 2, "dead"):
      try self.changeDeath(of: path[0], request)
    case (.POST, 2, "flap"):
      try self.beginFlap(of: path[0], request)
    case (.POST, 2, "pair"):
      guard let code = try request.control()["code"]?.text else {
        throw Refusal(.validation(["code must be a string"]))
      }
      switch self.pair(path[0], with: code) {
      case .paired: break
      case .noSuchSession: throw Refusal(.sessionNotFound)
      case .wrongCode: throw Refusal(.failure(409, "The session does not wait for this code"))
      }
    default:
      throw Refusal(.failure(404, "Cannot \(request.method.rawValue) \(request.target)"))
    }
    return .json(200, ["ok": true])
  }

  private func changeDeath(of name: String, _ request: Request) throws(Refusal) {
    let form = try request.control()
    guard case .bool(let isDead) = form["dead"] else {
      throw Refusal(.validation(["dead must be a boolean value"]))
    }
    guard let death = EngineDeath(rawValue: form["mode"]?.text ?? "hang") else {
      throw Refusal(.validation(["mode must be one of the following values: hang, error"]))
    }
    switch self.setDeath(name, to: isDead ? death : nil) {
    case .done: break
    case .noSuchSession: throw Refusal(.sessionNotFound)
    case .notWorking: throw Refusal(.failure(409, "Only a session that is WORKING can be dead"))
    }
  }

  private func beginFlap(of name: String, _ request: Request) throws(Refusal) {
    let form = try request.control()
    let statuses = form["statuses"]?.items?.compactMap(\.text) ?? []
    guard (1...100).contains(statuses.count), statuses.count == form["statuses"]?.items?.count
    else { throw Refusal(.validation(["statuses must be an array of 1 to 100 strings"])) }
    guard let each = form["forMs"]?.integer, (1...3_600_000).contains(each) else {
      throw Refusal(.validation(["forMs must be an integer from 1 to 3600000"]))
    }
    switch self.flap(name, through: statuses, each: .milliseconds(each)) {
    case .begun: break
    case .noSuchSession: throw Refusal(.sessionNotFound)
    case .notRunning: throw Refusal(.failure(409, "The session does not run"))
    }
  }

  private func showHistory(of name: String) -> Response {
    guard let history = self.history(of: name) else { return .sessionNotFound }
    return .json(200, .array(history.map(\.json)))
  }

  private var webhookReport: JSON {
    let (steering, counters, pending, records) = self.courier.report
    return [
      "steering": steering.json,
      "sent": .int(counters.sent),
      "delivered": .int(counters.delivered),
      "failed": .int(counters.failed),
      "retried": .int(counters.retried),
      "dropped": .int(counters.dropped),
      "pending": .int(pending),
      "deliveries": .array(records.map(\.json)),
    ]
  }

  private func changeEngine(_ request: Request) throws(Refusal) {
    let form = try request.control()
    guard let engine = form["engine"]?.text.flatMap(Engine.init) else {
      throw Refusal(.validation(["engine must be one of the following values: WEBJS, NOWEB, GOWS"]))
    }
    var version: ServerVersion?
    if let text = form["version"]?.text {
      version = ServerVersion(text)
      if version == nil { throw Refusal(.validation(["version must be like 2026.7.1"])) }
    }
    self.setEngine(engine, version: version)
  }

  /// Takes JSON whatever the request calls it: a control call typed by hand often has no type.
  private func decode<Form: Decodable>(
    _ type: Form.Type, _ request: Request
  ) throws(Refusal) -> Form {
    do {
      return try request.body.decodeJSON(as: type)
    } catch {
      throw Refusal(.failure(400, "\(error)"))
    }
  }
}

extension Request {
  /// The body of a control call, whatever the request calls its type.
  fileprivate func control() throws(Refusal) -> JSON {
    do { return try JSON(decoding: self.body) } catch {
      throw Refusal(.failure(400, "\(error)"))
    }
  }
}

extension RecordedRequest {
  fileprivate var json: JSON {
    [
      "method": .string(self.method),
      "path": .string(self.path),
      "status": self.status.map { .int($0) } ?? .null,
      "atMs": .int(self.atMs),
      "aborted": .bool(self.isAborted),
      "traceparent": self.traceparent.map { .string($0) } ?? .null,
    ]
  }
}

extension History.Entry {
  fileprivate var json: JSON {
    [
      "status": .orNull(self.status),
      "atMs": .int(self.atMs),
      "code": self.code.map { ["serial": .int($0.serial), "text": .string($0.text)] }
        ?? .undefined,
    ]
  }
}

extension DeliveryRecord {
  fileprivate var json: JSON {
    [
      "id": .orNull(self.id),
      "session": .string(self.session),
      "status": .string(self.status),
      "atMs": .int(self.atMs),
      "attempts": .int(self.attempts),
      "lastStatus": self.lastStatus.map { .int($0) } ?? .null,
      "state": .string(self.state.rawValue),
    ]
  }
}

extension Session {
  fileprivate var controlView: JSON {
    [
      "name": .string(self.name),
      "status": .string(self.machine.status),
      "paired": .bool(self.machine.isPaired),
      "config": self.config ?? .null,
    ]
  }
}
