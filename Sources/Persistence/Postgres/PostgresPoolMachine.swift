internal import DequeModule

/// Which connection does what, and how many there are: the decisions of ``PostgresPool``, without a
/// socket and without a clock.
///
/// Connections are made when somebody waits for one. Once there has been one, one is made whenever
/// there is none, so that it is known whether the server is there before the next caller asks. While
/// it is not there (``isDown``) callers are refused at once, and it is tried again after a while.
struct PostgresPoolMachine: Sendable {
  typealias ConnectionID = UInt64
  typealias WaiterID = UInt64

  struct Configuration: Sendable {
    /// The most connections at once, those that are made or closed among them.
    var maxConnections = 10
    /// The most callers that wait for one.
    var maxWaiters = 1_000
    /// After the first failure to connect, doubled with each further one.
    var firstPause: Duration = .milliseconds(100)
    var longestPause: Duration = .seconds(2)
    /// How long a connection lasts at least that is as good as one.
    var shortestLife: Duration = .seconds(5)
    /// After how long an attempt to connect that tells nothing has failed.
    var longestAttempt: Duration = .seconds(60)
  }

  enum Refusal: Sendable, Equatable {
    /// The server is not there.
    case down
    /// Too many wait already.
    case full
    /// It has waited for too long.
    case timedOut
    case closed
  }

  enum Action: Sendable, Equatable {
    /// Make a connection, and tell ``connected(_:at:)`` or ``connectFailed(_:at:jitter:)``.
    case connect(ConnectionID)
    /// Give the connection to the caller, and tell ``released(_:at:)`` when it is done with it.
    case start(WaiterID, on: ConnectionID)
    case refuse(WaiterID, Refusal)
    /// End the connection, or the attempt to make it, and tell ``ended(_:at:jitter:)``.
    case close(ConnectionID)
    /// Nothing is left.
    case finish
  }

  private struct Waiter {
    var id: WaiterID
    var deadline: ContinuousClock.Instant
  }

  /// What is held against the server.
  private struct Outage {
    /// When a connection may be tried again.
    var retryAt: ContinuousClock.Instant
    /// Whether there is nobody left who could serve a caller.
    var isDown: Bool
  }

  private enum Phase {
    case open
    case closing(until: ContinuousClock.Instant)
    case closed
  }

  private let configuration: Configuration
  private var phase = Phase.open
  private var lastID: ConnectionID = 0
  /// Those that are made, and since when.
  private var connecting: [ConnectionID: ContinuousClock.Instant] = [:]
  /// The last of which was used last.
  private var idle: [ConnectionID] = []
  private var leased: Set<ConnectionID> = []
  /// Told to close.
  private var leaving: Set<ConnectionID> = []
  /// Those that are at work, but are to be closed after it.
  private var suspected: Set<ConnectionID> = []
  /// Those that nobody has had yet, and when they were made.
  private var unproven: [ConnectionID: ContinuousClock.Instant] = [:]
  private var waiters = Deque<Waiter>()
  private var outage: Outage?
  /// How often in a row there was no connection to be had, or none that lasted until it was needed.
  private var failures = 0
  /// Whether there has been a connection.
  private var hasBegun = false

  init(configuration: Configuration) {
    self.configuration = configuration
  }

  var counts: DatabasePoolUse {
    DatabasePoolUse(
      connecting: self.connecting.count, idle: self.idle.count, leased: self.leased.count,
      waiting: self.waiters.count)
  }

  /// Whether callers are refused because the server is not there.
  var isDown: Bool { self.outage?.isDown ?? false }

  var isClosed: Bool {
    if case .closed = self.phase { true } else { false }
  }

  private var total: Int {
    self.connecting.count + self.idle.count + self.leased.count + self.leaving.count
  }

  // MARK: Callers

  /// Somebody wants a connection, and waits for one until the deadline.
  mutating func submit(
    _ waiter: WaiterID, until deadline: ContinuousClock.Instant, at now: ContinuousClock.Instant
  ) -> [Action] {
    guard case .open = self.phase else { return [.refuse(waiter, .closed)] }
    if let connection = self.idle.popLast() { return [self.lease(connection, to: waiter)] }
    if self.isDown { return [.refuse(waiter, .down)] }
    guard self.waiters.count < self.configuration.maxWaiters else {
      return [.refuse(waiter, .full)]
    }
    self.waiters.append(Waiter(id: waiter, deadline: deadline))
    return self.grow(at: now)
  }

  /// Somebody no longer waits. It may have got a connection in the meantime.
  mutating func withdraw(_ waiter: WaiterID) {
    self.waiters.removeAll { $0.id == waiter }
  }

  // MARK: Connections

  /// The attempt that `.connect` asked for has succeeded.
  mutating func connected(
    _ connection: ConnectionID, at now: ContinuousClock.Instant
  ) -> [Action] {
    // One that is to be closed says so when it has ended.
    guard self.connecting.removeValue(forKey: connection) != nil else { return [] }
    self.hasBegun = true
    self.outage = nil
    self.unproven[connection] = now
    return self.serve(connection) + self.grow(at: now)
  }

  /// The attempt that `.connect` asked for has failed.
  ///
  /// - Parameter jitter: From 0 to 1, by chance, so that not all programs come back at once.
  mutating func connectFailed(
    _ connection: ConnectionID, at now: ContinuousClock.Instant, jitter: Double
  ) -> [Action] {
    guard self.connecting.removeValue(forKey: connection) != nil else {
      return self.ended(connection, at: now, jitter: jitter)
    }
    self.noteFailure(at: now, jitter: jitter)
    return self.giveUpIfDown() + self.grow(at: now)
  }

  /// Whoever had the connection is done with it, and it is fit for the next.
  mutating func released(
    _ connection: ConnectionID, at now: ContinuousClock.Instant
  ) -> [Action] {
    guard self.leased.remove(connection) != nil else { return [] }
    self.failures = 0
    let isSuspected = self.suspected.remove(connection) != nil
    guard case .open = self.phase, !isSuspected else {
      self.leaving.insert(connection)
      return [.close(connection)]
    }
    return self.serve(connection)
  }

  /// A connection does not answer any more. Those that are idle may have nobody at their other end
  /// either, and would not notice before somebody had waited for it. Those that are at work are closed
  /// after it.
  mutating func suspect() -> [Action] {
    guard case .open = self.phase else { return [] }
    self.suspected.formUnion(self.leased)
    defer {
      self.leaving.formUnion(self.idle)
      self.idle = []
    }
    return self.idle.map { .close($0) }
  }

  /// The connection is gone: it broke, or was told to close.
  ///
  /// - Parameter jitter: As ``connectFailed(_:at:jitter:)`` has it.
  mutating func ended(
    _ connection: ConnectionID, at now: ContinuousClock.Instant, jitter: Double
  ) -> [Action] {
    self.leased.remove(connection)
    self.suspected.remove(connection)
    self.idle.removeAll { $0 == connection }
    let wasAskedTo = self.leaving.remove(connection) != nil
    let madeAt = self.unproven.removeValue(forKey: connection)
    guard case .open = self.phase else { return self.finishIfOver() }
    // What kept one from being made long ago says nothing of now.
    if let outage = self.outage, !outage.isDown, outage.retryAt <= now { self.outage = nil }
    // A server that takes connections and drops them is as good as none, and not to be tried again
    // and again by nobody's wish.
    if let madeAt, !wasAskedTo, madeAt + self.configuration.shortestLife > now {
      self.noteFailure(at: now, jitter: jitter)
    }
    return self.giveUpIfDown() + self.grow(at: now)
  }

  // MARK: Time

  /// When ``expire(at:)`` has something to do; nil for never.
  var nextDeadline: ContinuousClock.Instant? {
    switch self.phase {
    case .open:
      let waiter = self.waiters.lazy.map(\.deadline).min()
      let attempt = self.connecting.values.min().map { $0 + self.configuration.longestAttempt }
      let retry =
        self.wantsConnection && self.connecting.isEmpty ? self.outage?.retryAt : nil
      return [waiter, attempt, retry].compactMap { $0 }.min()
    case .closing(let deadline): return deadline
    case .closed: return nil
    }
  }

  /// Does what is due.
  ///
  /// - Parameter jitter: As ``connectFailed(_:at:jitter:)`` has it.
  mutating func expire(at now: ContinuousClock.Instant, jitter: Double) -> [Action] {
    switch self.phase {
    case .open:
      var actions = self.giveUpAttempts(at: now, jitter: jitter)
      let kept = actions.count
      for waiter in self.waiters where waiter.deadline <= now {
        actions.append(.refuse(waiter.id, .timedOut))
      }
      self.waiters.removeAll { $0.deadline <= now }
      if actions.count > kept, self.idle.isEmpty, self.leased.isEmpty {
        // Whoever still waits would wait as long for nothing.
        let retryAt = self.outage?.retryAt ?? now
        self.outage = Outage(retryAt: retryAt, isDown: true)
        actions += self.refuseAll(.down)
      }
      return actions + self.grow(at: now)
    case .closing(let deadline):
      guard deadline <= now else { return [] }
      self.phase = .closed
      return [.finish]
    case .closed:
      return []
    }
  }

  /// Attempts that tell nothing count no more: the system may not have begun them.
  private mutating func giveUpAttempts(
    at now: ContinuousClock.Instant, jitter: Double
  ) -> [Action] {
    let stuck = self.connecting.filter { $0.value + self.configuration.longestAttempt <= now }
      .map(\.key).sorted()
    guard !stuck.isEmpty else { return [] }
    for connection in stuck { self.connecting[connection] = nil }
    self.noteFailure(at: now, jitter: jitter)
    return stuck.map { .close($0) } + self.giveUpIfDown()
  }

  // MARK: The end

  /// No new callers. Those who have a connection go on.
  ///
  /// - Parameter deadline: When `.finish` comes even though something is left.
  mutating func close(until deadline: ContinuousClock.Instant) -> [Action] {
    switch self.phase {
    case .open:
      self.phase = .closing(until: deadline)
      let connections = self.idle + self.connecting.keys.sorted()
      self.leaving.formUnion(connections)
      self.idle = []
      self.connecting = [:]
      return self.refuseAll(.closed) + connections.map { .close($0) } + self.finishIfOver()
    case .closing: return []
    case .closed: return [.finish]
    }
  }

  private mutating func finishIfOver() -> [Action] {
    guard case .closing = self.phase, self.total == 0 else { return [] }
    self.phase = .closed
    return [.finish]
  }

  // MARK: Parts

  private mutating func serve(_ connection: ConnectionID) -> [Action] {
    guard let waiter = self.waiters.popFirst() else {
      self.idle.append(connection)
      return []
    }
    return [self.lease(connection, to: waiter.id)]
  }

  private mutating func lease(_ connection: ConnectionID, to waiter: WaiterID) -> Action {
    self.unproven[connection] = nil
    self.leased.insert(connection)
    return .start(waiter, on: connection)
  }

  private var wantsConnection: Bool {
    guard self.total < self.configuration.maxConnections else { return false }
    return self.connecting.count < self.waiters.count
      || (self.total == self.leaving.count && (self.hasBegun || self.outage != nil))
  }

  private mutating func grow(at now: ContinuousClock.Instant) -> [Action] {
    guard case .open = self.phase else { return [] }
    var actions: [Action] = []
    while self.wantsConnection {
      if let outage = self.outage {
        // One finds out.
        guard now >= outage.retryAt, self.connecting.isEmpty else { break }
      }
      self.lastID += 1
      self.connecting[self.lastID] = now
      actions.append(.connect(self.lastID))
    }
    return actions
  }

  private mutating func noteFailure(at now: ContinuousClock.Instant, jitter: Double) {
    // Several that were tried at once have failed once.
    if let outage = self.outage, now < outage.retryAt { return }
    self.failures += 1
    let doublings = min(self.failures - 1, 16)
    let pause = min(
      self.configuration.firstPause * (1 << doublings), self.configuration.longestPause)
    self.outage = Outage(
      retryAt: now + pause * (0.5 + jitter / 2), isDown: self.outage?.isDown ?? false)
  }

  /// While others are being made or at work, those who wait may still be served.
  private mutating func giveUpIfDown() -> [Action] {
    guard self.outage != nil, self.connecting.isEmpty, self.idle.isEmpty, self.leased.isEmpty
    else { return [] }
    self.outage?.isDown = true
    return self.refuseAll(.down)
  }

  private mutating func refuseAll(_ refusal: Refusal) -> [Action] {
    let actions = self.waiters.map { Action.refuse($0.id, refusal) }
    self.waiters = []
    return actions
  }
}
