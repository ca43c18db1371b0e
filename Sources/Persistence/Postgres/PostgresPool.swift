internal import Foundation
internal import NIOConcurrencyHelpers

/// The connections to one server: does what ``PostgresPoolMachine`` decides.
final class PostgresPool: Sendable {
  struct Configuration: Sendable {
    var connections = PostgresPoolMachine.Configuration()
    var limits = PostgresSession.Limits()
    /// How long a caller waits for a connection.
    var maxWait: Duration = .seconds(5)
    /// What is done on each connection before anything else; on its thread.
    var prepare: @Sendable (PostgresSession) throws(PostgresFailure) -> Void = { _ in }
    /// Told that a connection is gone that was prepared.
    var ended: @Sendable () -> Void = {}
  }

  /// Whether it does any harm to do the same again.
  enum Access: Sendable {
    case read
    case write
  }

  /// How often what was not sent, because the connection was gone, is tried.
  private static let maxAttempts = 3
  /// How long connections that are in use have when the pool is closed.
  private static let closingGrace: Duration = .seconds(3)

  /// Somebody who wants a connection.
  private struct Waiter: Sendable {
    var start: @Sendable (PostgresConnection) -> Void
    var fail: @Sendable (PostgresFailure) -> Void
  }

  private struct State {
    var machine: PostgresPoolMachine
    var connections: [PostgresPoolMachine.ConnectionID: PostgresConnection] = [:]
    var waiters: [PostgresPoolMachine.WaiterID: Waiter] = [:]
    var lastWaiter: PostgresPoolMachine.WaiterID = 0
    /// Why the server is not there.
    var failure = PostgresFailure.unavailable("no connection")
    var closers: [PostgresPromise<Void>] = []
    /// When the keeper wakes up by itself.
    var alarm: ContinuousClock.Instant?
  }

  private let target: PostgresSession.Target
  private let configuration: Configuration
  private let canceler: PostgresCanceler
  private let state: NIOLockedValueBox<State>
  private let keeper: WakeUp

  init(target: PostgresSession.Target, configuration: Configuration) {
    self.target = target
    self.configuration = configuration
    self.canceler = PostgresCanceler(limit: configuration.connections.maxConnections)
    self.state = NIOLockedValueBox(
      State(machine: PostgresPoolMachine(configuration: configuration.connections)))
    guard let keeper = WakeUp() else { preconditionFailure("eventfd") }
    self.keeper = keeper
    self.startKeeper()
  }

  var counts: DatabasePoolUse { self.state.withLockedValue { $0.machine.counts } }

  // MARK: Callers

  /// Runs `body` on the thread of a connection.
  ///
  /// - Parameter ceiling: How long a statement, and the wait for a connection, may take; nil for the
  ///   configuration's.
  /// - Throws: `canceled` as soon as the task is.
  func run<Value: Sendable>(
    _ access: Access, ceiling: Duration? = nil,
    _ body: @escaping @Sendable (PostgresSession) throws(PostgresFailure) -> Value
  ) async throws(PostgresFailure) -> Value {
    var mayRepeat = access == .read
    var attempt = 0
    while true {
      attempt += 1
      do throws(PostgresFailure) {
        return try await self.runOnce(ceiling, body)
      } catch {
        guard case .lost(let isSent, _) = error, attempt < Self.maxAttempts,
          !isSent || mayRepeat
        else { throw error }
        if isSent { mayRepeat = false }
      }
    }
  }

  private func runOnce<Value: Sendable>(
    _ ceiling: Duration?,
    _ body: @escaping @Sendable (PostgresSession) throws(PostgresFailure) -> Value
  ) async throws(PostgresFailure) -> Value {
    let promise = PostgresPromise<Value>()
    let connection = NIOLockedValueBox<PostgresConnection?>(nil)
    let job = PostgresConnection.Job(
      perform: { session in
        let caller = PostgresSession.Caller(
          ceiling: ceiling, isGone: { promise.isGiven },
          giveUp: { promise.give(.failure($0)) },
          suspectOthers: { self.change { ($0.machine.suspect(), ()) } })
        let outcome = session.run(for: caller, body)
        return { promise.give(outcome) }
      },
      fail: { promise.give(.failure($0)) })
    let id = self.submit(
      Waiter(
        start: { leased in
          connection.withLockedValue { $0 = leased }
          // The caller may be long in coming to its turn: nothing waits for that.
          leased.run(job)
        }, fail: job.fail), ceiling)
    return try await promise.value {
      self.state.withLockedValue { state in
        state.waiters[id] = nil
        state.machine.withdraw(id)
      }
      connection.withLockedValue { $0 }?.interrupt()
    }
  }

  private func submit(_ waiter: Waiter, _ maxWait: Duration?) -> PostgresPoolMachine.WaiterID {
    let now = ContinuousClock.now
    let deadline = now + (maxWait ?? self.configuration.maxWait)
    return self.change { state in
      state.lastWaiter += 1
      state.waiters[state.lastWaiter] = waiter
      return (state.machine.submit(state.lastWaiter, until: deadline, at: now), state.lastWaiter)
    }
  }

  /// No new callers; returns once those who have a connection are done, or have had time for it.
  func close() async {
    let promise = PostgresPromise<Void>()
    self.change { state in
      state.closers.append(promise)
      return (state.machine.close(until: .now + Self.closingGrace), ())
    }
    do throws(PostgresFailure) { try await promise.value() } catch {
      // Whoever waits no more does not hinder the rest from ending.
    }
  }

  /// The same without waiting for it.
  func stop() {
    self.change { ($0.machine.close(until: .now + Self.closingGrace), ()) }
  }

  // MARK: What is to be done

  /// What is done when the lock is free again.
  private enum Deed {
    case connect(PostgresConnection, PostgresPoolMachine.ConnectionID)
    case start(Waiter, PostgresConnection)
    case fail(Waiter, PostgresFailure)
    case close(PostgresConnection)
    case failConnect(PostgresPoolMachine.ConnectionID)
    case finish([PostgresPromise<Void>])
  }

  private func change<Value>(
    _ event: (inout State) -> ([PostgresPoolMachine.Action], Value)
  ) -> Value {
    let (deeds, isEarlier, value) = self.state.withLockedValue { state in
      let (actions, value) = event(&state)
      let deeds = actions.map { Self.deed($0, &state) }
      let next = state.machine.nextDeadline
      let isEarlier = next.map { next in state.alarm.map { next < $0 } ?? true } ?? false
      if isEarlier { state.alarm = next }
      return (deeds, isEarlier || state.machine.isClosed, value)
    }
    if isEarlier { self.keeper.signal() }
    for deed in deeds { self.carryOut(deed) }
    return value
  }

  private static func deed(_ action: PostgresPoolMachine.Action, _ state: inout State) -> Deed {
    switch action {
    case .connect(let id):
      guard let wake = WakeUp() else { return .failConnect(id) }
      let connection = PostgresConnection(wake: wake)
      state.connections[id] = connection
      return .connect(connection, id)
    case .start(let waiter, let id):
      return .start(Self.take(waiter, &state), Self.connection(id, state))
    case .refuse(let waiter, let refusal):
      return .fail(Self.take(waiter, &state), Self.failure(refusal, state))
    case .close(let id):
      // There is none where no connection could be begun, which is told a moment later.
      return state.connections[id].map(Deed.close) ?? .finish([])
    case .finish:
      defer { state.closers = [] }
      return .finish(state.closers)
    }
  }

  private static func take(
    _ id: PostgresPoolMachine.WaiterID, _ state: inout State
  ) -> Waiter {
    guard let waiter = state.waiters.removeValue(forKey: id) else {
      preconditionFailure("somebody who does not wait")
    }
    return waiter
  }

  private static func connection(
    _ id: PostgresPoolMachine.ConnectionID, _ state: State
  ) -> PostgresConnection {
    guard let connection = state.connections[id] else {
      preconditionFailure("a connection that is not there")
    }
    return connection
  }

  private static func failure(
    _ refusal: PostgresPoolMachine.Refusal, _ state: State
  ) -> PostgresFailure {
    switch refusal {
    case .down: state.failure
    case .full: .unavailable("too many wait for a connection")
    case .timedOut: .unavailable("no connection was free in time")
    case .closed: .unavailable("the database is closed")
    }
  }

  private func carryOut(_ deed: Deed) {
    switch deed {
    case .connect(let connection, let id):
      connection.start(
        target: self.target, limits: self.configuration.limits, canceler: self.canceler,
        prepare: self.configuration.prepare
      ) { self.happened($0, id) }
    case .start(let waiter, let connection): waiter.start(connection)
    case .fail(let waiter, let failure): waiter.fail(failure)
    case .close(let connection): connection.stop()
    case .failConnect(let id):
      self.happened(.connectFailed(.unavailable("the process may open no more files")), id)
    case .finish(let closers): for closer in closers { closer.give(.success(())) }
    }
  }

  private func happened(
    _ event: PostgresConnection.Event, _ id: PostgresPoolMachine.ConnectionID
  ) {
    let now = ContinuousClock.now
    let jitter = Double.random(in: 0...1)
    if case .ended = event { self.configuration.ended() }
    self.change { state in
      switch event {
      case .connected:
        return (state.machine.connected(id, at: now), ())
      case .connectFailed(let failure):
        state.failure = failure
        state.connections[id] = nil
        return (state.machine.connectFailed(id, at: now, jitter: jitter), ())
      case .released:
        return (state.machine.released(id, at: now), ())
      case .ended:
        state.failure = .unavailable("the server hangs up")
        state.connections[id] = nil
        return (state.machine.ended(id, at: now, jitter: jitter), ())
      }
    }
  }

  // MARK: The keeper

  /// A thread that does what is due.
  private func startKeeper() {
    let thread = Thread { [self] in
      while true {
        self.change { ($0.machine.expire(at: .now, jitter: .random(in: 0...1)), ()) }
        let alarm = self.state.withLockedValue { state -> ContinuousClock.Instant?? in
          guard !state.machine.isClosed else { return nil }
          state.alarm = state.machine.nextDeadline
          return .some(state.alarm)
        }
        guard let alarm else { return }
        _ = self.keeper.wait(until: alarm)
      }
    }
    thread.name = "postgres-pool"
    thread.stackSize = 512 << 10
    thread.start()
  }
}
