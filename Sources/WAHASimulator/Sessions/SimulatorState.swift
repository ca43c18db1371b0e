/// What the simulator holds under its lock.
struct SimulatorState: Sendable {
  struct Waiter: Sendable {
    let id: Int
    let expected: String
    let continuation: CheckedContinuation<Void, Never>
  }

  var engine: Engine
  var version: ServerVersion
  var book: AddressBook
  private(set) var sessions: [String: Session] = [:]
  /// The names in order of creation.
  private(set) var names: [String] = []
  private var waiters: [String: [Waiter]] = [:]
  private var lastSerial = 0

  init(engine: Engine, version: ServerVersion, book: AddressBook) {
    self.engine = engine
    self.version = version
    self.book = book
  }

  mutating func nextSerial() -> Int {
    self.lastSerial += 1
    return self.lastSerial
  }

  /// The session as it is at `now`.
  mutating func session(_ name: String, at now: ContinuousClock.Instant) -> Session? {
    self.sessions[name]?.machine.advance(
      to: now, engine: self.engine,
      endlessCodes: self.engine == .noweb && !self.version.failsUnscannedNOWEB)
    return self.sessions[name]
  }

  /// Adds, replaces or, with nil, removes a session.
  mutating func set(_ name: String, to session: Session?) {
    let isKnown = self.sessions[name] != nil
    self.sessions[name] = session
    if session == nil, isKnown {
      self.names.removeAll { $0 == name }
    } else if session != nil, !isKnown {
      self.names.append(name)
    }
  }

  mutating func addWaiter(_ waiter: Waiter, for name: String) {
    self.waiters[name, default: []].append(waiter)
  }

  mutating func removeWaiter(_ id: Int, for name: String) -> Waiter? {
    guard let index = self.waiters[name]?.firstIndex(where: { $0.id == id }) else { return nil }
    return self.waiters[name]?.remove(at: index)
  }

  /// Takes out those who need wait no longer: their status has come, or the session has gone.
  mutating func takeSatisfiedWaiters(for name: String) -> [Waiter] {
    guard let waiting = self.waiters[name] else { return [] }
    let status = self.sessions[name]?.machine.status
    let remaining = waiting.filter { status != nil && $0.expected != status }
    self.waiters[name] = remaining.isEmpty ? nil : remaining
    return waiting.filter { status == nil || $0.expected == status }
  }

  /// Takes out everyone who waits.
  mutating func takeAllWaiters() -> [Waiter] {
    defer { self.waiters.removeAll() }
    return self.waiters.values.flatMap { $0 }
  }
}
