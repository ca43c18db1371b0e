internal import NIOConcurrencyHelpers
internal import Synchronization
internal import UserAPI

/// The keys that tokens are verified with: read from their source when they are old and when a
/// token names one that is unknown. While the source has none to give, the last ones stay in use.
package final class JWTKeys: Sendable {
  package struct Configuration: Sendable {
    /// How old the keys get before they are read again. Default: 5 min.
    package var maxAge: Duration = .seconds(300)
    /// How long anybody waits for the source. Default: 5 s.
    package var timeout: Duration = .seconds(5)
    /// Whether keys that also sign (`oct`) are taken: only from a source that is a secret itself.
    /// Default: no.
    package var acceptsSymmetricKeys = false

    package static let defaults = Self()

    package init() {}
  }

  /// Given nil when the reading came to keys, or when the task is cancelled.
  private typealias Waiter = CheckedContinuation<JWTKeySetError?, Never>

  private struct State {
    var ring: JWTKeyRing
    /// Who waits for the reading that is under way.
    var waiters: [Int: Waiter] = [:]
    /// How many tokens wait for it, or are about to.
    var waitingTokens = 0
    var lastWaiter = 0
    /// What ``JWTKeys/run()`` waits in until the keys are due.
    var nap: (until: ContinuousClock.Instant, task: Task<Void, Never>)?

    /// The nap, when the keys are due before its end.
    var overlongNap: Task<Void, Never>? {
      self.nap.flatMap { self.ring.dueAt < $0.until ? $0.task : nil }
    }

    mutating func takeWaiters() -> [Waiter] {
      defer { self.waiters = [:] }
      return Array(self.waiters.values)
    }
  }

  /// How many tokens wait for their keys at once, so that made-up ones keep no others from being
  /// verified while the source does not answer.
  private static let maxWaitingTokens = 32

  private let source: any JWTKeySource
  private let time: TimeSource
  private let configuration: Configuration
  private let onEvent: @Sendable (JWTKeysEvent) -> Void
  private let state: NIOLockedValueBox<State>
  private let currentGeneration = Atomic(0)

  /// - Parameter onEvent: Called from any thread.
  package init(
    source: any JWTKeySource, time: TimeSource, configuration: Configuration = .defaults,
    onEvent: @escaping @Sendable (JWTKeysEvent) -> Void = { _ in }
  ) {
    self.source = source
    self.time = time
    self.configuration = configuration
    self.onEvent = onEvent
    self.state = NIOLockedValueBox(
      State(ring: JWTKeyRing(maxAge: configuration.maxAge, at: time.now())))
  }

  /// Grows whenever a key that was there is gone or has changed. Takes a nanosecond.
  package var generation: Int { self.currentGeneration.load(ordering: .acquiring) }

  /// Reads the keys whenever they are old, until the task is cancelled.
  package func run() async {
    while !Task.isCancelled {
      // The nap is there before anybody can bring the moment nearer.
      let (action, nap) = self.state.withLockedValue { state in
        let now = self.time.now()
        let action = state.ring.due(at: now)
        if case .sleep(let duration) = action {
          state.nap = (now + duration, self.makeNap(of: duration))
        } else {
          state.nap = nil
        }
        return (action, state.nap?.task)
      }
      switch action {
      case .begin(let attempt): _ = await self.outcome(of: attempt, begins: true)
      case .wait(let attempt): _ = await self.outcome(of: attempt)
      case .sleep:
        await withTaskCancellationHandler {
          await nap?.value
        } onCancel: {
          nap?.cancel()
        }
      }
    }
  }

  private func makeNap(of duration: Duration) -> Task<Void, Never> {
    Task {
      // Whoever cancels it wants it to end early.
      do { try await self.time.sleep(duration) } catch {}
    }
  }

  /// Reads the keys now.
  ///
  /// - Throws: Why there are no new ones.
  package func refresh() async throws(JWTKeySetError) {
    var action = self.readNow()
    // What is under way may have been read before whatever this is called for.
    while case .wait(let attempt) = action, !Task.isCancelled {
      _ = await self.outcome(of: attempt)
      action = self.readNow()
    }
    guard case .begin(let attempt) = action else { throw JWTKeyRing.timeoutError }
    if let error = await self.outcome(of: attempt, begins: true) { throw error }
    if Task.isCancelled { throw JWTKeySetError("it was given up") }
  }

  private func readNow() -> JWTKeyRing.OnDue {
    let (action, nap) = self.state.withLockedValue { state in
      (state.ring.readNow(at: self.time.now()), state.overlongNap)
    }
    nap?.cancel()
    return action
  }

  /// The key for a token whose header says this; nil when there is none.
  ///
  /// - Throws: `KEYS_UNAVAILABLE` while there have been none at all, and for an id that is unknown
  ///   while they cannot be read; `CANCELED`.
  func key(
    id: [UInt8]?, algorithm: SignatureAlgorithm
  ) async throws(UserAPIError) -> (JWTKey, generation: Int)? {
    var mayRead = true
    while true {
      let action = self.state.withLockedValue { state in
        state.ring.lookUp(id: id, algorithm: algorithm, mayRead: mayRead, at: self.time.now())
      }
      mayRead = false
      switch action {
      case .use(let key, let generation): return (key, generation)
      case .refuse: return nil
      case .unavailable(let retryAfter):
        throw UserAPIError(
          .keysUnavailable, "the keys with which tokens are verified cannot be had",
          retryAfter: retryAfter)
      case .begin(let attempt): _ = await self.outcome(of: attempt, begins: true)
      case .wait(let attempt):
        let hasRoom = self.state.withLockedValue { state in
          guard state.waitingTokens < Self.maxWaitingTokens else { return false }
          state.waitingTokens += 1
          return true
        }
        guard hasRoom else {
          throw UserAPIError(
            .keysUnavailable, "too many tokens wait for their keys", retryAfter: .seconds(1))
        }
        _ = await self.outcome(of: attempt)
        self.state.withLockedValue { $0.waitingTokens -= 1 }
      }
      if Task.isCancelled { throw UserAPIError.canceled }
    }
  }

  /// In tasks of its own: whoever began it may go, and others wait for it.
  private func read(_ attempt: Int) {
    let limit = Task {
      do { try await self.time.sleep(self.configuration.timeout) } catch { return }
      let (waiters, event, nap) = self.state.withLockedValue { state in
        let (isLate, event) = state.ring.timedOut(attempt, at: self.time.now())
        return (isLate ? state.takeWaiters() : [], event, state.overlongNap)
      }
      nap?.cancel()
      self.tell(event, waiters, JWTKeyRing.timeoutError)
    }
    Task {
      let result = await self.keySet()
      limit.cancel()
      let (waiters, event, nap) = self.state.withLockedValue { state in
        let event = state.ring.finished(result, at: self.time.now())
        self.currentGeneration.store(state.ring.generation, ordering: .releasing)
        return (state.takeWaiters(), event, state.overlongNap)
      }
      nap?.cancel()
      let error: JWTKeySetError? = if case .failure(let error) = result { error } else { nil }
      self.tell(event, waiters, error)
    }
  }

  private func tell(_ event: JWTKeysEvent?, _ waiters: [Waiter], _ error: JWTKeySetError?) {
    if let event { self.onEvent(event) }
    for waiter in waiters { waiter.resume(returning: error) }
  }

  private func keySet() async -> Result<JWTKeySet, JWTKeySetError> {
    do throws(JWTKeySetError) {
      return .success(
        try await JWTKeySet(
          document: try await self.source.keySet(),
          acceptsSymmetric: self.configuration.acceptsSymmetricKeys,
          mayBeEmpty: self.state.withLockedValue { $0.ring.hasKeys }))
    } catch {
      return .failure(error)
    }
  }

  /// Waits for a reading.
  ///
  /// - Parameter begins: Whether it has yet to begin.
  /// - Returns: Why it came to nothing; nil when it came to keys, when it is over already, and when
  ///   the task is cancelled.
  private func outcome(of attempt: Int, begins: Bool = false) async -> JWTKeySetError? {
    let id = self.state.withLockedValue { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        let isUnderWay = self.state.withLockedValue { state in
          guard state.ring.isUnderWay(attempt) else { return false }
          state.waiters[id] = waiter
          return true
        }
        if !isUnderWay { waiter.resume(returning: nil) }
        if begins { self.read(attempt) }
        // A cancellation that came before has found nobody.
        if Task.isCancelled { self.giveUp(id) }
      }
    } onCancel: {
      self.giveUp(id)
    }
  }

  private func giveUp(_ id: Int) {
    self.state.withLockedValue { $0.waiters.removeValue(forKey: id) }?.resume(returning: nil)
  }
}
