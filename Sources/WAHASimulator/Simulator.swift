internal import NIOCore
internal import NIOConcurrencyHelpers

/// The whole stand-in but for its sockets: takes requests, gives outcomes.
final class Simulator: Sendable {
  let state: NIOLockedValueBox<SimulatorState>
  let locks: OperationLocks
  let log: RequestLog
  let courier: WebhookCourier
  let faults = FaultTable()
  let codes = CodePictures()
  let apiKey: String?
  let timing: Timing
  let wallClock: WallClock
  private let timer: any EventLoop

  init(
    _ configuration: SimulatorConfiguration, timer: any EventLoop, courier: WebhookCourier
  ) {
    let clock = WallClock()
    self.state = NIOLockedValueBox(
      SimulatorState(
        engine: configuration.engine, version: configuration.version,
        book: .generated(configuration.addressBook), clock: clock))
    self.locks = OperationLocks(timer: timer)
    self.wallClock = clock
    self.log = RequestLog(clock: clock)
    self.courier = courier
    self.apiKey = configuration.apiKey
    self.timing = configuration.timing
    self.timer = timer
  }

  /// Engine, version and address book as they are now.
  var setup: (engine: Engine, version: ServerVersion, book: AddressBook) {
    self.state.withLockedValue { ($0.engine, $0.version, $0.book) }
  }

  /// Runs `body` under the lock, then has the events sent that came of it. Whatever can make a
  /// session go on has to come through here.
  func access<Result: Sendable>(_ body: (inout SimulatorState) -> Result) -> Result {
    let (result, hasEvents) = self.state.withLockedValue { (body(&$0), $0.announcesOutbox()) }
    if hasEvents { self.courier.collect { self.state.withLockedValue { $0.takeOutbox() } } }
    return result
  }

  /// The session as it is now.
  func session(_ name: String) -> Session? {
    self.access { $0.session(name, at: .now) }
  }

  /// What became of the sessions of this name; nil when there never was one.
  func history(of name: String) -> [History.Entry]? {
    self.access { state in
      _ = state.session(name, at: .now)
      return state.history(of: name)
    }
  }

  /// All sessions as they are now, the oldest first.
  func sessions() -> [Session] {
    self.access { state in
      state.names.compactMap { state.session($0, at: .now) }
    }
  }

  /// Changes one session, then wakes whoever waited for that and sets the next timer.
  func update<Result: Sendable>(
    _ name: String,
    _ change: (inout Session?, inout SimulatorState, ContinuousClock.Instant) -> Result
  ) -> Result {
    let (result, isGone, waiters, wakeAt) = self.access { state in
      let now = ContinuousClock.now
      var session = state.session(name, at: now)
      let result = change(&session, &state, now)
      let wakeAt = session?.takeNewDeadline()
      state.set(name, to: session, at: now)
      return (result, session == nil, state.takeSatisfiedWaiters(for: name), wakeAt)
    }
    if isGone { self.codes.forget(name) }
    for waiter in waiters { waiter.continuation.resume() }
    if let wakeAt {
      let delay = TimeAmount(max(.zero, wakeAt - ContinuousClock.now))
      _ = self.timer.scheduleTask(in: delay) { self.update(name) { _, _, _ in } }
    }
    return result
  }

  /// Returns once the session has this status, is gone, or the wait has lasted its time.
  func waitForStatus(_ expected: String, of name: String) async {
    await withCheckedContinuation { continuation in
      let waiterID: Int? = self.access { state in
        guard let session = state.session(name, at: .now), session.machine.status != expected
        else { return nil }
        let id = state.nextSerial()
        state.addWaiter(
          SimulatorState.Waiter(id: id, expected: expected, continuation: continuation), for: name)
        return id
      }
      guard let waiterID else {
        continuation.resume()
        return
      }
      _ = self.timer.scheduleTask(in: TimeAmount(self.timing.statusWait)) {
        let late = self.state.withLockedValue { $0.removeWaiter(waiterID, for: name) }
        late?.continuation.resume()
      }
    }
  }

  /// Answers everyone who still waits for something, so that nobody waits for ever when the event
  /// loops end.
  func stopWaiting() {
    self.locks.giveUpAll()
    for waiter in self.state.withLockedValue({ $0.takeAllWaiters() }) {
      waiter.continuation.resume()
    }
  }

  /// Lets time pass. Ends early only when the event loop shuts down.
  func wait(_ duration: Duration) async {
    guard duration > .zero else { return }
    try? await self.timer.scheduleTask(in: TimeAmount(duration)) {}.futureResult.get()
  }
}
