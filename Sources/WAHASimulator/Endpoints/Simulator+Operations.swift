internal import NIOConcurrencyHelpers

/// Changing sessions, one operation at a time for each name.
extension Simulator {
  func startSession(_ name: String, _ request: Request, _ dialect: Dialect) -> Outcome {
    self.operation(on: name, request, dialect) {
      let started = self.update(name) { session, _, now in
        session?.machine.start(at: now)
        return session
      }
      return started.map { self.describe($0, 201, dialect) } ?? .sessionNotFound
    }
  }

  func stopSession(_ name: String, _ request: Request, _ dialect: Dialect) -> Outcome {
    self.operation(on: name, request, dialect) {
      await self.halt(name)
      // Nobody checks whether there is such a session.
      return self.session(name).map { self.describe($0, 201, dialect) } ?? .empty(201)
    }
  }

  func restartSession(_ name: String, _ request: Request, _ dialect: Dialect) -> Outcome {
    self.operation(on: name, request, dialect, mustExist: true) {
      await self.halt(name)
      let restarted = self.update(name) { session, _, now in
        session?.machine.start(at: now)
        return session
      }
      return restarted.map { self.describe($0, 201, dialect) } ?? .sessionNotFound
    }
  }

  func logoutSession(_ name: String, _ request: Request, _ dialect: Dialect) -> Outcome {
    self.operation(on: name, request, dialect, mustExist: true) {
      let wasRunning = await self.halt(name, unpairing: true)
      let loggedOut = self.update(name) { session, _, now in
        if wasRunning { session?.machine.start(at: now) }
        return session
      }
      return loggedOut.map { self.describe($0, 201, dialect) } ?? .sessionNotFound
    }
  }

  func deleteSession(_ name: String, _ request: Request, _ dialect: Dialect) -> Outcome {
    self.operation(on: name, request, dialect) {
      await self.halt(name, unpairing: true)
      self.update(name) { session, _, _ in session = nil }
      return .empty(200)
    }
  }

  func createSession(_ request: Request, _ dialect: Dialect) throws(Refusal) -> Outcome {
    let form = try SessionForm(try request.json(), version: dialect.version)
    let name = form.name ?? "session_\(self.newNameSuffix())"
    return self.operation(on: name, request, dialect) {
      let created: Session? = self.update(name) { session, state, now in
        guard session == nil else { return nil }
        var new = Session(
          name: name, serial: state.nextSerial(), config: form.config,
          machine: SessionMachine(timing: self.timing))
        if form.starts { new.machine.start(at: now) }
        session = new
        return new
      }
      return created.map { self.describe($0, 201, dialect) }
        ?? .failure(422, "Session '\(name)' already exists. Use PUT to update it.")
    }
  }

  func replaceSession(
    _ name: String, _ request: Request, _ dialect: Dialect
  ) throws(Refusal) -> Outcome {
    guard self.session(name) != nil else { throw Refusal(.sessionNotFound) }
    let form = try SessionForm(try request.json(), version: dialect.version)
    return self.operation(on: name, request, dialect, mustExist: true) {
      let wasRunning = await self.halt(name)
      let replaced = self.update(name) { session, _, now in
        session?.config = form.config
        if wasRunning { session?.machine.start(at: now) }
        return session
      }
      return replaced.map { self.describe($0, 200, dialect) } ?? .sessionNotFound
    }
  }

  /// Runs one operation under the lock of a name.
  private func operation(
    on name: String, _ request: Request, _ dialect: Dialect, mustExist: Bool = false,
    _ run: @escaping @Sendable () async -> Response
  ) -> Outcome {
    .later {
      if mustExist && self.session(name) == nil { return .response(.sessionNotFound) }
      let limit = dialect.version.limitsLockQueue ? self.timing.lockWait : nil
      guard await self.locks.acquire(name, limit: limit) else {
        return .response(dialect.exception(.lockTimeout(name), to: request))
      }
      defer { self.locks.release(name) }
      return .response(await run())
    }
  }

  /// Stops a session and takes the time for it.
  /// - Returns: Whether it was running.
  @discardableResult
  private func halt(_ name: String, unpairing: Bool = false) async -> Bool {
    let (takesTime, wasRunning) = self.update(name) { session, _, now in
      let wasRunning = session?.machine.isRunning ?? false
      let takesTime = wasRunning || (unpairing && session != nil)
      session?.machine.stop(at: now)
      session?.death = nil
      session?.pairingCode = nil
      if unpairing { session?.machine.unpair() }
      return (takesTime, wasRunning)
    }
    if takesTime { await self.wait(self.timing.operation) }
    return wasRunning
  }

  private func newNameSuffix() -> String {
    let serial = self.state.withLockedValue { $0.nextSerial() }
    var random = SplitMix64(seed: UInt64(self.wallClock.startedAt) &+ UInt64(serial))
    return "01" + random.nextText(length: 24).lowercased().filter { $0.isLetter || $0.isNumber }
  }
}
