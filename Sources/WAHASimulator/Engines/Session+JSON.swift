extension Session {
  /// The session object of the list view.
  func listed(_ dialect: Dialect, owner: Contact, activity: Int) -> JSON {
    .object(self.members(dialect, owner: owner, activity: activity))
  }

  /// The session object of the single view, which asks the engine for its state as well.
  func shown(_ dialect: Dialect, owner: Contact, activity: Int) -> JSON {
    .object(
      self.members(dialect, owner: owner, activity: activity)
        + [JSON.Member(key: "engine", value: self.engineState(dialect.engine))])
  }

  /// The account; `null` until the session was `WORKING` once.
  func me(_ dialect: Dialect, owner: Contact) -> JSON {
    self.machine.isIdentified ? owner.asMe(dialect) : .null
  }

  private func members(_ dialect: Dialect, owner: Contact, activity: Int) -> [JSON.Member] {
    let isLong = dialect.version.describesSessionsAtLength
    let isWorking = self.machine.status == "WORKING"
    return [
      JSON.Member(key: "name", value: .string(self.name)),
      JSON.Member(key: "status", value: .string(self.machine.status)),
      JSON.Member(key: "config", value: self.config ?? .undefined),
      JSON.Member(key: "me", value: self.me(dialect, owner: owner)),
      JSON.Member(key: "presence", value: isLong ? .null : .undefined),
      JSON.Member(
        key: "timestamps",
        value: isLong ? ["activity": isWorking ? .int(activity) : .null] : .undefined),
      JSON.Member(key: "assignedWorker", value: isLong ? "waha-simulator" : .undefined),
    ]
  }

  private func engineState(_ engine: Engine) -> JSON {
    guard self.machine.isRunning, self.death == nil else { return [:] }
    let isWorking = self.machine.status == "WORKING"
    return switch engine {
    case .webjs:
      [
        "engine": "WEBJS", "WWebVersion": "2.3000.1030000000",
        "state": isWorking ? "CONNECTED" : .null,
      ]
    case .noweb: ["engine": "NOWEB"]
    case .gows:
      [
        "engine": "GOWS", "grpc": ["client": "READY", "stream": "READY"],
        "gows": ["found": true, "connected": .bool(isWorking)],
      ]
    }
  }
}

extension Contact {
  /// The owner of an account, as sessions tell of them.
  func asMe(_ dialect: Dialect) -> JSON {
    let reportsLid = dialect.version.reportsOwnLid(on: dialect.engine)
    return [
      "id": .string(self.id),
      "pushName": .string(self.pushname ?? "~"),
      "lid": reportsLid ? .orUndefined(self.lid) : .undefined,
      "jid": dialect.engine == .webjs
        ? .undefined : .string("\(self.user):12@s.whatsapp.net"),
    ]
  }
}
