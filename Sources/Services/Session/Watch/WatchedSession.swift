internal import AuthService
internal import NIOConcurrencyHelpers
internal import UserAPI

/// A session that somebody watches, or did until lately: asks WAHA for how it is, once for all who
/// watch, and keeps what there was to tell.
final class WatchedSession: Sendable {
  typealias Answer = Result<WatchEvent?, UserAPIError>

  /// What is asked of WAHA, which takes turns, each with its own: a session that is dead may take
  /// long where a status does not, and what is known to have changed does not wait for what is looked
  /// at as a matter of course.
  struct Turn: Hashable, Sendable {
    enum Question: Hashable, Sendable {
      case status
      case verification
      case code
    }

    let question: Question
    let isUrgent: Bool

    init(_ question: Question, isUrgent: Bool) {
      self.question = question
      self.isUrgent = isUrgent
    }
  }

  /// What it works with.
  struct Surroundings: Sendable {
    var store: any SessionStore
    var upstream: any SessionUpstream
    var time: TimeSource
    /// Bounds how many sessions are asked for at once.
    var turns: KeyedLock<Turn>
    var limits: SessionTruth.Limits
    /// For how long it is followed when the last watcher has left, who may come back.
    var linger: Duration
  }

  private struct Watcher {
    var position: WatchLog.Position
    /// The first look that it wants to know of.
    var firstLook = 0
    var waiter: CheckedContinuation<Answer, Never>?
  }

  private struct State {
    var log = WatchLog()
    var follower: SessionFollower
    var watchers: [UInt64: Watcher] = [:]
    var lastID: UInt64 = 0
    /// When the last watcher left.
    var leftAt: ContinuousClock.Instant?
    var nap: Task<Void, Never>?
    /// The last look that was begun, and the last to which WAHA said how the session is.
    var lastLook = 0
    var lastAnswer = 0
    /// What takes the code away that is shown, and when.
    var codeTimer: (goesAt: ContinuousClock.Instant, task: Task<Void, Never>)?
    /// Whether WAHA is to be asked again at once.
    var isPoked = false
    /// Whether nobody follows the session any more. Then there are no new watchers either.
    var isOver = false

    /// What there is for a watcher; nil when it has to wait.
    mutating func read(_ id: UInt64, at now: Timestamp) -> Answer? {
      guard var watcher = self.watchers[id] else { return .success(nil) }
      guard self.isOver || watcher.firstLook <= self.lastAnswer else { return nil }
      let isBeginning = watcher.position == .beginning
      let read = self.log.read(&watcher.position)
      self.watchers[id] = watcher
      switch read {
      case .event(var event):
        if isBeginning || event.isSequenceExpired, let report = self.follower.report {
          // These change without an event, and this one is to tell how the session is now.
          event.reported = report.reported
          event.verifiedAt = report.verifiedAt
        }
        event.dropExpiredCode(at: now)
        return .success(event)
      case .wait: return nil
      case .end(.some(let error)): return .failure(error)
      case .end(nil): return .success(nil)
      case .overrun:
        return .failure(
          UserAPIError(.readerTooSlow, "the events came faster than they were read"))
      }
    }

    /// Those who waited, and for whom there is something now.
    mutating func takeReady(at now: Timestamp) -> [(CheckedContinuation<Answer, Never>, Answer)] {
      var ready: [(CheckedContinuation<Answer, Never>, Answer)] = []
      for (id, watcher) in self.watchers {
        guard let waiter = watcher.waiter, let answer = self.read(id, at: now) else {
          continue
        }
        self.watchers[id]?.waiter = nil
        ready.append((waiter, answer))
      }
      return ready
    }
  }

  private let session: OwnedSession
  private let surroundings: Surroundings
  private let state: NIOLockedValueBox<State>

  /// - Parameter startedAfter: As for ``SessionFollower``.
  init(
    _ session: OwnedSession, _ surroundings: Surroundings,
    startedAfter: ContinuousClock.Instant? = nil
  ) {
    self.session = session
    self.surroundings = surroundings
    self.state = NIOLockedValueBox(
      State(follower: SessionFollower(limits: surroundings.limits, startedAfter: startedAfter)))
  }

  // MARK: Watchers

  /// - Parameter isFresh: Whether WAHA is asked at once, and the watcher told nothing that it has said
  ///   before.
  /// - Returns: The watcher's number; nil when the session is not followed any more.
  func join(_ position: WatchLog.Position, isFresh: Bool) -> UInt64? {
    let id = self.state.withLockedValue { state -> UInt64? in
      guard !state.isOver else { return nil }
      state.lastID += 1
      state.watchers[state.lastID] = Watcher(
        position: position, firstLook: isFresh ? state.lastLook + 1 : 0)
      state.leftAt = nil
      return state.lastID
    }
    if isFresh { self.lookAgain() }
    return id
  }

  func leave(_ id: UInt64) {
    let now = self.surroundings.time.now()
    self.state.withLockedValue { state in
      state.watchers[id] = nil
      if state.watchers.isEmpty { state.leftAt = now }
    }
  }

  /// The next event for a watcher; nil after the last.
  func next(_ id: UInt64) async -> Answer {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let now = self.surroundings.time.wallClock()
        let answer = self.state.withLockedValue { state in
          let answer = state.read(id, at: now)
          if answer == nil { state.watchers[id]?.waiter = continuation }
          return answer
        }
        if let answer { continuation.resume(returning: answer) }
        if Task.isCancelled { self.giveUp(id) }
      }
    } onCancel: {
      self.giveUp(id)
    }
  }

  private func giveUp(_ id: UInt64) {
    self.state.withLockedValue { $0.watchers[id]?.waiter.take() }?
      .resume(returning: .failure(.canceled))
  }

  /// What to say of the session to somebody who asked for it; nil when nothing is known of it yet.
  ///
  /// - Parameter answer: What WAHA said to him.
  func truth(after answer: Result<SessionStatus, UserAPIError>) -> SessionReport? {
    let now = self.surroundings.time.now()
    let wallClock = self.surroundings.time.wallClock()
    return self.state.withLockedValue { state in
      state.isOver ? nil : state.follower.truth(after: answer, at: now, wallClock)
    }
  }

  // MARK: Following

  /// Has WAHA asked again at once: something was done to the session.
  func poke() {
    self.state.withLockedValue { $0.follower.changed() }
    self.lookAgain()
  }

  /// Has WAHA asked again at once: it says that the session is another way.
  func announced() {
    self.state.withLockedValue { $0.follower.announced() }
    self.lookAgain()
  }

  private func lookAgain() {
    self.state.withLockedValue { state in
      state.isPoked = true
      return state.nap
    }?.cancel()
  }

  /// Asks WAHA again and again, until nobody watches or there is nothing more to tell.
  func follow() async {
    while true {
      let now = self.surroundings.time.now()
      let wallClock = self.surroundings.time.wallClock()
      let (number, isUrgent) = self.state.withLockedValue { state in
        defer { state.isPoked = false }
        state.lastLook += 1
        return (state.lastLook, state.isPoked)
      }
      self.took(await self.look(isUrgent: isUrgent), number, at: now, wallClock)
      guard let pause = self.pause() else {
        self.setCodeTimer()
        return
      }
      await self.sleep(pause)
    }
  }

  private func took(
    _ look: SessionFollower.Look, _ number: Int, at now: ContinuousClock.Instant,
    _ wallClock: Timestamp
  ) {
    let answeredAt = self.surroundings.time.now()
    self.tell { state in
      switch look {
      // It was made, or brought back, while WAHA was asked.
      case .missing where state.isPoked: return .none
      case .state: state.lastAnswer = number
      case .missing, .failure: break
      }
      return state.follower.looked(look, at: now, wallClock, answeredAt: answeredAt)
    }
    self.setCodeTimer()
  }

  /// Lets those who watch know what has become of the session.
  private func tell(_ happen: (inout State) -> SessionFollower.Action) {
    let now = self.surroundings.time.wallClock()
    let ready = self.state.withLockedValue { state in
      switch happen(&state) {
      case .none: break
      case .tell(let report): state.log.append(report, at: now)
      case .end(let error):
        state.log.end(error)
        state.isOver = true
      }
      return state.takeReady(at: now)
    }
    for (waiter, answer) in ready { waiter.resume(returning: answer) }
  }

  /// Has the code that is shown taken away in time, also while WAHA is being asked.
  private func setCodeTimer() {
    let old = self.state.withLockedValue { state -> Task<Void, Never>? in
      let goesAt = state.isOver ? nil : state.follower.codeGoesAt
      guard goesAt != state.codeTimer?.goesAt else { return nil }
      let old = state.codeTimer?.task
      state.codeTimer = goesAt.map { goesAt in
        (goesAt, Task { await self.dropCode(at: goesAt) })
      }
      return old
    }
    old?.cancel()
  }

  private func dropCode(at time: ContinuousClock.Instant) async {
    let clocks = self.surroundings.time
    let pause = clocks.now().duration(to: time)
    if pause > .zero {
      // There is another code, or none, when it is cancelled.
      do { try await clocks.sleep(pause) } catch { return }
    }
    let now = clocks.now()
    self.tell { state in state.follower.timePassed(at: now) }
  }

  /// How long to wait until WAHA is asked again; nil for ever.
  private func pause() -> Duration? {
    let now = self.surroundings.time.now()
    return self.state.withLockedValue { state in
      guard !state.isOver else { return nil }
      let pause = state.isPoked ? .zero : state.follower.pause(at: now)
      guard let leftAt = state.leftAt else { return pause }
      let left = now.duration(to: leftAt + self.surroundings.linger)
      state.isOver = left <= .zero
      return state.isOver ? nil : min(pause, left)
    }
  }

  private func sleep(_ pause: Duration) async {
    guard pause > .zero else { return }
    let time = self.surroundings.time
    let nap = Task {
      // Whoever cancels it wants it to end early.
      do { try await time.sleep(pause) } catch {}
    }
    let mayNap = self.state.withLockedValue { state in
      state.nap = nap
      return !state.isPoked
    }
    if !mayNap { nap.cancel() }
    await nap.value
    self.state.withLockedValue { $0.nap = nil }
  }

  private func look(isUrgent: Bool) async -> SessionFollower.Look {
    let upstream = self.surroundings.upstream
    let turns = self.surroundings.turns
    do throws(UserAPIError) {
      let status = try await turns.withLock(Turn(.status, isUrgent: isUrgent)) {
        () async throws(UserAPIError) -> SessionStatus? in
        try await upstream.status(of: self.session)
      }
      switch status {
      case nil:
        let record = try await self.surroundings.store.session(ofUser: self.session.userID)
        return .missing(isLoggedOut: record?.isConnected != true)
      case .some(.working):
        let now = self.surroundings.time.now()
        guard self.state.withLockedValue({ $0.follower.needsVerification(at: now) }) else {
          return .state(.working, nil, isVerified: nil)
        }
        let isVerified = try await turns.withLock(Turn(.verification, isUrgent: isUrgent)) {
          () async throws(UserAPIError) -> Bool in
          try await upstream.isWorking(self.session)
        }
        return .state(.working, nil, isVerified: isVerified)
      case .some(.scanQRCode):
        let code = try await turns.withLock(Turn(.code, isUrgent: isUrgent)) {
          () async throws(UserAPIError) -> QRCode? in
          await self.code()
        }
        return .state(.scanQRCode, code, isVerified: nil)
      case .some(let status):
        return .state(status, nil, isVerified: nil)
      }
    } catch {
      return .failure(error)
    }
  }

  /// The code to scan; nil when WAHA has none at the moment, of which the status says more.
  private func code() async -> QRCode? {
    let upstream = self.surroundings.upstream
    let known = self.state.withLockedValue { $0.follower.shownCode }
    do throws(UserAPIError) {
      var text = try await upstream.qrText(of: self.session)
      while text != known?.text {
        let picture = try await upstream.qrCode(of: self.session)
        // WhatsApp may have replaced the code between the two.
        let again = try await upstream.qrText(of: self.session)
        if again == text { return QRCode(text: text, picture: picture) }
        text = again
      }
      return known
    } catch {
      return nil
    }
  }
}
