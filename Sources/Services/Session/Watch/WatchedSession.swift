internal import AuthService
internal import NIOConcurrencyHelpers
internal import UserAPI

/// A session that somebody watches, or did until lately: asks WAHA for how it is, once for all who
/// watch, and keeps what there was to tell.
final class WatchedSession: Sendable {
  typealias Answer = Result<WatchEvent?, UserAPIError>

  /// What is asked of WAHA, which takes turns, each with its own: a session that is dead may take
  /// long where a status does not.
  struct Turn: Hashable, Sendable {
    enum Question: Hashable, Sendable {
      case status
      case code
      /// Whether the session works.
      case verification
      /// The same of one with which the last failed.
      case repeatedVerification
    }

    /// What is known to have changed waits for nothing that is looked at as a matter of course.
    enum Haste: Hashable, Sendable {
      case changed
      /// The session comes up, or nobody has looked at it yet.
      case underWay
      case none
    }

    let question: Question
    let haste: Haste
  }

  /// What it works with.
  struct Surroundings: Sendable {
    var store: any SessionStore
    var upstream: any SessionUpstream
    var time: TimeSource
    /// Bounds how many sessions are asked for at once.
    var turns: KeyedLock<Turn>
    /// Bounds how many are tried at once.
    var tries: KeyedLock<Turn>
    var limits: SessionTruth.Limits
    /// For how long it is followed when the last watcher has left, who may come back.
    var linger: Duration
    /// Told the name of a session before its watchers are told that it is another way.
    var changed: @Sendable (String) -> Void
  }

  private struct Watcher {
    var position: WatchLog.Position
    /// The first look that it wants to know of.
    var firstLook = 0
    var waiter: CheckedContinuation<Answer, Never>?
    /// Called when there is something to read.
    var wake: (@Sendable () -> Void)?
  }

  private struct Ready {
    var answers: [(CheckedContinuation<Answer, Never>, Answer)] = []
    var wakes: [@Sendable () -> Void] = []
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
    /// The last look to which WAHA did not answer.
    var lastFailure: (number: Int, error: UserAPIError)?
    /// What WAHA is asked beside the status, while it is.
    var detail: Task<SessionFollower.Look?, Never>?
    /// How many looks in a row were given up in the middle.
    var partialLooks = 0
    /// What tells of the change that comes with time, and when.
    var timer: (at: ContinuousClock.Instant, task: Task<Void, Never>)?
    /// Until when what the session shows is for nobody, as it is being removed.
    var hiddenUntil: ContinuousClock.Instant?
    /// The last look that was begun while it was.
    var lastHiddenLook = 0
    /// Whether WAHA is to be asked again at once.
    var isPoked = false
    /// Whether nobody follows the session any more. Then there are no new watchers either.
    var isOver = false

    func isHidden(at now: ContinuousClock.Instant) -> Bool {
      self.hiddenUntil.map { now < $0 } ?? false
    }

    /// What there is for a watcher; nil when it has to wait.
    mutating func read(_ id: UInt64, at now: Timestamp) -> Answer? {
      guard var watcher = self.watchers[id] else { return .success(nil) }
      guard self.isOver || watcher.firstLook <= self.lastAnswer else {
        guard let lastFailure, lastFailure.number >= watcher.firstLook else { return nil }
        return .failure(lastFailure.error)
      }
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

    /// Whether there is something for the watcher.
    private func isReady(_ watcher: Watcher) -> Bool {
      guard self.isOver || watcher.firstLook <= self.lastAnswer else {
        return self.lastFailure.map { $0.number >= watcher.firstLook } ?? false
      }
      return self.log.isReadable(at: watcher.position)
    }

    /// - Returns: Whether the watcher is to be called at once.
    mutating func setWake(_ id: UInt64, _ wake: @escaping @Sendable () -> Void) -> Bool {
      guard let watcher = self.watchers[id] else { return false }
      guard !self.isReady(watcher) else { return true }
      self.watchers[id]?.wake = wake
      return false
    }

    /// Those who waited, and for whom there is something now.
    mutating func takeReady(at now: Timestamp) -> Ready {
      var ready = Ready()
      for (id, watcher) in self.watchers where self.isReady(watcher) {
        if let wake = watcher.wake {
          self.watchers[id]?.wake = nil
          ready.wakes.append(wake)
        }
        guard let waiter = watcher.waiter, let answer = self.read(id, at: now) else {
          continue
        }
        self.watchers[id]?.waiter = nil
        ready.answers.append((waiter, answer))
      }
      return ready
    }
  }

  /// How many looks in a row may come to nothing because others follow them at once. With more,
  /// something is told of a session of which WAHA never stops to announce changes.
  private static let mostPartialLooks = 3
  /// What a removal may take at most: a server that began one may have ended without another word.
  private static let longestRemoval: Duration = .seconds(120)

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

  /// The next event for a watcher, nil after the last; nil as a whole when it has to wait.
  func take(_ id: UInt64) -> Answer? {
    let now = self.surroundings.time.wallClock()
    return self.state.withLockedValue { $0.read(id, at: now) }
  }

  /// Calls `wake` when there is something to ``take(_:)``.
  func whenReady(_ id: UInt64, _ wake: @escaping @Sendable () -> Void) {
    if self.state.withLockedValue({ $0.setWake(id, wake) }) { wake() }
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

  /// WAHA said this to somebody who asked for the session.
  func wasSeen(_ status: SessionStatus) {
    if self.state.withLockedValue({ $0.follower.isNews(status) }) { self.lookAgain() }
  }

  // MARK: Following

  /// Something is done to the session from now on.
  ///
  /// - Parameter isRemoval: Whether it will be gone then.
  func changeBegan(isRemoval: Bool) {
    let now = self.surroundings.time.now()
    self.state.withLockedValue { state in
      state.hiddenUntil = isRemoval ? now + Self.longestRemoval : nil
      state.follower.changeBegan()
    }
    self.lookAgain()
  }

  /// It was done.
  func changeEnded() {
    self.state.withLockedValue { state in
      state.hiddenUntil = nil
      state.follower.changeEnded()
    }
    self.lookAgain()
  }

  /// WAHA says by itself that the session is another way.
  func announced() {
    self.state.withLockedValue { $0.follower.announced() }
    self.lookAgain()
  }

  /// Has WAHA asked again at once. What it is being asked beside the status says nothing any more.
  private func lookAgain() {
    let (nap, detail) = self.state.withLockedValue { state in
      state.isPoked = true
      return (state.nap, state.detail)
    }
    nap?.cancel()
    detail?.cancel()
  }

  /// Asks WAHA again and again, until nobody watches or there is nothing more to tell.
  func follow() async {
    while true {
      let now = self.surroundings.time.now()
      let wallClock = self.surroundings.time.wallClock()
      let (number, haste) = self.state.withLockedValue { state in
        defer { state.isPoked = false }
        state.lastLook += 1
        if state.isHidden(at: now) { state.lastHiddenLook = state.lastLook }
        let haste: Turn.Haste =
          state.isPoked ? .changed : state.follower.isUnderWay ? .underWay : .none
        return (state.lastLook, haste)
      }
      // In a task of its own: this one lives long, and keeps the memory of its deepest stack.
      let (look, isWhole) = await Task { await self.look(haste) }.value
      self.took(look, isWhole: isWhole, number, at: now, wallClock)
      guard let pause = self.pause() else {
        self.setTimer()
        return
      }
      await self.sleep(pause)
    }
  }

  private func took(
    _ look: SessionFollower.Look, isWhole: Bool, _ number: Int, at now: ContinuousClock.Instant,
    _ wallClock: Timestamp
  ) {
    let answeredAt = self.surroundings.time.now()
    self.tell { state in
      // The next look, which comes at once, says the same and more.
      state.partialLooks = isWhole ? 0 : state.partialLooks + 1
      if (1...Self.mostPartialLooks).contains(state.partialLooks) { return .none }
      switch look {
      // It was made, or brought back, while WAHA was asked.
      case .missing where state.isPoked: return .none
      case .state where state.isHidden(at: answeredAt) || number <= state.lastHiddenLook:
        return .none
      case .state: state.lastAnswer = number
      case .failure(let error): state.lastFailure = (number, error)
      case .missing: break
      }
      return state.follower.looked(look, at: now, wallClock, answeredAt: answeredAt)
    }
    self.setTimer()
  }

  /// Lets those who watch know what has become of the session.
  private func tell(_ happen: (inout State) -> SessionFollower.Action) {
    let now = self.surroundings.time.wallClock()
    let ready = self.state.withLockedValue { state in
      let action = happen(&state)
      if action != .none { self.surroundings.changed(self.session.name) }
      switch action {
      case .none: break
      case .tell(let report): state.log.append(report, at: now)
      case .end(let error):
        state.log.end(error)
        state.isOver = true
      }
      return state.takeReady(at: now)
    }
    for (waiter, answer) in ready.answers { waiter.resume(returning: answer) }
    for wake in ready.wakes { wake() }
  }

  /// Has told what changes with time alone, also while WAHA is being asked.
  private func setTimer() {
    let old = self.state.withLockedValue { state -> Task<Void, Never>? in
      let time = state.isOver ? nil : state.follower.changesAt
      guard time != state.timer?.at else { return nil }
      let old = state.timer?.task
      state.timer = time.map { time in
        (time, Task { await self.timePasses(until: time) })
      }
      return old
    }
    old?.cancel()
  }

  private func timePasses(until time: ContinuousClock.Instant) async {
    let clocks = self.surroundings.time
    let pause = clocks.now().duration(to: time)
    if pause > .zero {
      // Something else has changed meanwhile when it is cancelled.
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

  /// - Returns: What WAHA says, and whether that is all that it was to be asked.
  private func look(
    _ haste: Turn.Haste
  ) async -> (SessionFollower.Look, isWhole: Bool) {
    let upstream = self.surroundings.upstream
    do throws(UserAPIError) {
      let status = try await self.surroundings.turns.withLock(
        Turn(question: .status, haste: haste)
      ) { () async throws(UserAPIError) -> SessionStatus? in
        try await upstream.status(of: self.session)
      }
      guard let status else {
        let record = try await self.surroundings.store.session(ofUser: self.session.userID)
        let isLoggedOut = record?.isConnected != true || record?.removal != nil
        return (.missing(isLoggedOut: isLoggedOut), true)
      }
      let detail = await self.detail(of: status, haste)
      return (detail ?? .state(status, nil, isVerified: nil), detail != nil)
    } catch {
      return (.failure(error), true)
    }
  }

  /// What there is to see, also beside the status; nil when that was given up because it says nothing
  /// any more.
  private func detail(
    of status: SessionStatus, _ haste: Turn.Haste
  ) async -> SessionFollower.Look? {
    guard let question = self.question(about: status) else {
      return .state(status, nil, isVerified: nil)
    }
    let (turns, turn) = self.turn(question, haste)
    let task = Task { () -> SessionFollower.Look? in
      do throws(UserAPIError) {
        return try await turns.withLock(turn) {
          () async throws(UserAPIError) -> SessionFollower.Look in
          guard status == .scanQRCode else {
            let isVerified = try await self.surroundings.upstream.isWorking(self.session)
            return .state(status, nil, isVerified: isVerified)
          }
          return .state(status, try await self.code(), isVerified: nil)
        }
      } catch {
        return Task.isCancelled ? nil : .state(status, nil, isVerified: nil)
      }
    }
    let isPoked = self.state.withLockedValue { state in
      state.detail = task
      return state.isPoked
    }
    if isPoked { task.cancel() }
    let look = await task.value
    self.state.withLockedValue { $0.detail = nil }
    return look
  }

  /// Dead sessions, which answer nothing until they are given up, must not take all connections to
  /// WAHA.
  private func turn(
    _ question: Turn.Question, _ haste: Turn.Haste
  ) -> (KeyedLock<Turn>, Turn) {
    switch question {
    case .status, .code:
      (self.surroundings.turns, Turn(question: question, haste: haste))
    case .verification:
      (
        self.surroundings.tries,
        Turn(question: question, haste: haste == .changed ? .changed : .none)
      )
    case .repeatedVerification:
      (self.surroundings.turns, Turn(question: question, haste: .none))
    }
  }

  private func question(about status: SessionStatus) -> Turn.Question? {
    switch status {
    case .scanQRCode: return .code
    case .working:
      let now = self.surroundings.time.now()
      return self.state.withLockedValue { state in
        guard state.follower.needsVerification(at: now) else { return nil }
        return state.follower.isDoubted ? .repeatedVerification : .verification
      }
    default: return nil
    }
  }

  /// The code to scan.
  ///
  /// - Throws: Also when WAHA has none at the moment, of which the status says more, or another each
  ///   time.
  private func code() async throws(UserAPIError) -> QRCode? {
    let upstream = self.surroundings.upstream
    let known = self.state.withLockedValue { $0.follower.shownCode }
    var text = try await upstream.qrText(of: self.session)
    for _ in 0..<3 where text != known?.text {
      let picture = try await upstream.qrCode(of: self.session)
      // WhatsApp may have replaced the code between the two.
      let again = try await upstream.qrText(of: self.session)
      if again == text { return QRCode(text: text, picture: picture) }
      text = again
    }
    return text == known?.text ? known : nil
  }
}
