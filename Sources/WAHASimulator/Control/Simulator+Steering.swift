internal import NIOConcurrencyHelpers

/// What tests and demos may do that no caller of WAHA can.
extension Simulator {
  enum ScanResult: Sendable {
    case scanned, notShowingCode, noSuchSession
  }

  func scan(_ name: String) -> ScanResult {
    self.update(name) { session, state, now in
      guard session != nil else { return .noSuchSession }
      let scanned = session?.machine.scan(at: now, engine: state.engine) == true
      return scanned ? .scanned : .notShowingCode
    }
  }

  enum PairResult: Sendable {
    case paired, wrongCode, noSuchSession
  }

  /// Links a session as a scan does.
  func pair(_ name: String, with code: String) -> PairResult {
    self.update(name) { session, state, now in
      guard session != nil else { return .noSuchSession }
      guard session?.pairingCode?.text == code,
        session?.machine.scan(at: now, engine: state.engine) == true
      else { return .wrongCode }
      session?.pairingCode = nil
      return .paired
    }
  }

  enum DeathResult: Sendable {
    case done, notWorking, noSuchSession
  }

  /// - Parameter death: Nil brings the engine back.
  func setDeath(_ name: String, to death: EngineDeath?) -> DeathResult {
    self.update(name) { session, _, _ in
      guard let status = session?.machine.status else { return .noSuchSession }
      guard death == nil || status == "WORKING" else { return .notWorking }
      session?.death = death
      return .done
    }
  }

  enum FlapResult: Sendable {
    case begun, notRunning, noSuchSession
  }

  func flap(_ name: String, through statuses: [String], each: Duration) -> FlapResult {
    self.update(name) { session, _, now in
      guard session != nil else { return .noSuchSession }
      let begun = session?.machine.flap(through: statuses, each: each, at: now) == true
      return begun ? .begun : .notRunning
    }
  }

  /// - Returns: False when there is no such session.
  func setStatus(_ name: String, to status: String) -> Bool {
    self.update(name) { session, _, now in
      session?.machine.force(status, at: now)
      return session != nil
    }
  }

  /// - Returns: False when there was no such session.
  func forget(_ name: String) -> Bool {
    self.update(name) { session, _, _ in
      defer { session = nil }
      return session != nil
    }
  }

  func forgetAll() {
    for session in self.sessions() { _ = self.forget(session.name) }
  }

  func setEngine(_ engine: Engine, version: ServerVersion?) {
    self.state.withLockedValue { state in
      state.engine = engine
      if let version { state.version = version }
    }
  }

  func setAddressBook(_ book: AddressBook) {
    self.state.withLockedValue { $0.book = book }
  }
}
