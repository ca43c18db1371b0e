internal import DequeModule

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
  private var histories: [String: History] = [:]
  /// Names of deleted sessions, in order of deletion.
  private var deleted = Deque<String>()
  /// Events that nobody has taken yet.
  private var outbox: [SessionEvent] = []
  private var isOutboxAnnounced = false
  private let clock: WallClock
  private var waiters: [String: [Waiter]] = [:]
  private var lastSerial = 0

  /// How many deleted sessions' histories are kept.
  private static let deletedHistories = 20_000
  /// How many events can wait to be taken; more are lost.
  private static let outboxCapacity = 100_000

  init(engine: Engine, version: ServerVersion, book: AddressBook, clock: WallClock) {
    self.clock = clock
    self.engine = engine
    self.version = version
    self.book = book
  }

  mutating func nextSerial() -> Int {
    self.lastSerial += 1
    return self.lastSerial
  }

  /// The names in order of creation.
  var names: [String] {
    self.sessions.values.sorted { $0.serial < $1.serial }.map(\.name)
  }

  /// The session as it is at `now`.
  mutating func session(_ name: String, at now: ContinuousClock.Instant) -> Session? {
    self.sessions[name]?.machine.advance(
      to: now, engine: self.engine,
      endlessCodes: self.engine == .noweb && !self.version.failsUnscannedNOWEB)
    let transitions = self.sessions[name]?.machine.takeTransitions() ?? []
    let session = self.sessions[name]
    if let session { self.record(transitions, of: session) }
    return session
  }

  /// Adds, replaces or, with nil, removes a session.
  mutating func set(_ name: String, to session: Session?, at now: ContinuousClock.Instant) {
    let old = self.sessions[name]
    let atMs = self.clock.milliseconds(at: now)
    guard var session else {
      guard let old else { return }
      self.sessions[name] = nil
      self.histories[name]?.add(nil, atMs: atMs, session: old.serial)
      self.keepHistory(of: name)
      return
    }
    if old == nil {
      self.histories[name, default: History()].add(
        "STOPPED", atMs: atMs, session: session.serial)
    }
    let transitions = session.machine.takeTransitions()
    self.sessions[name] = session
    self.record(transitions, of: session)
  }

  /// What became of the sessions of this name, deleted ones too; nil when there never was one.
  func history(of name: String) -> [History.Entry]? { self.histories[name]?.entries(of: name) }

  /// Whether there are events to take and nobody has been told so.
  mutating func announcesOutbox() -> Bool {
    guard !self.outbox.isEmpty, !self.isOutboxAnnounced else { return false }
    self.isOutboxAnnounced = true
    return true
  }

  /// The events since this was asked last, in order.
  mutating func takeOutbox() -> [SessionEvent] {
    self.isOutboxAnnounced = false
    defer { self.outbox = [] }
    return self.outbox
  }

  private mutating func record(_ transitions: [Transition], of session: Session) {
    for transition in transitions {
      let atMs = self.clock.milliseconds(at: transition.at)
      self.histories[session.name]?.add(
        transition.status, atMs: atMs, session: session.serial, code: transition.code)
      guard !session.hooks.isEmpty, self.outbox.count < Self.outboxCapacity else { continue }
      let dialect = Dialect(engine: self.engine, version: self.version)
      let event = SessionEvent(
        transition, of: session, dialect: dialect, owner: self.book.owner, clock: self.clock)
      self.outbox.append(event)
      if transition.status == "WORKING" && dialect.announcesWorkingTwice {
        self.outbox.append(event)
      }
    }
  }

  /// Makes room for the history of one more deleted session.
  private mutating func keepHistory(of name: String) {
    self.histories[name]?.deletions += 1
    self.deleted.append(name)
    guard self.deleted.count > Self.deletedHistories, let oldest = self.deleted.popFirst() else {
      return
    }
    self.histories[oldest]?.deletions -= 1
    if self.histories[oldest]?.deletions == 0, self.sessions[oldest] == nil {
      self.histories[oldest] = nil
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
