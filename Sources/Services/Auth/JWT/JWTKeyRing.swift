/// Decides when keys are read, and which of them is meant. A value; ``JWTKeys`` does what it says.
///
/// There is one reading at a time. It begins when the keys are old, when a token names a key that
/// is unknown, or when there are none yet; for tokens at most once in ``askInterval``, so that
/// whoever makes ids up costs the source next to nothing. He may keep that interval busy, though:
/// then a new key is known up to ``askInterval`` after the first token that names it.
struct JWTKeyRing {
  struct Attempt {
    let id: Int
    /// Whether the keys' age began it, and not a token.
    let isScheduled: Bool
    /// Whether it took longer than anybody waits for it.
    var isLate = false
  }

  enum OnLookUp {
    case use(JWTKey, generation: Int)
    case refuse
    /// There are no keys, or they cannot be read and the one that is meant may be new. There will
    /// be no others before that time has passed.
    case unavailable(retryAfter: Duration)
    /// Begin to read, wait for it and look again.
    case begin(Int)
    case wait(Int)
  }

  enum OnDue {
    case begin(Int)
    case wait(Int)
    case sleep(Duration)
  }

  /// The time between two readings that tokens cause.
  static let askInterval: Duration = .seconds(10)
  /// When a scheduled reading that failed is tried again, first; then after twice as long.
  static let firstRetry: Duration = .seconds(10)

  private let maxAge: Duration
  /// The last good ones.
  private var keys: JWTKeySet?
  /// How often keys have gone from the set.
  private(set) var generation = 0
  private var attempt: Attempt?
  private var lastID = 0
  /// When the keys are read again because of their age, or because that failed.
  private(set) var dueAt: ContinuousClock.Instant
  private var askedAt: ContinuousClock.Instant?
  private var retry: Duration
  /// Whether the last reading failed: the keys may be others by now.
  private var isFailing = false

  init(maxAge: Duration, at now: ContinuousClock.Instant) {
    self.maxAge = maxAge
    self.dueAt = now
    self.retry = min(Self.firstRetry, maxAge)
  }

  /// A token has come.
  ///
  /// - Parameter mayRead: False when keys were waited for on account of this very token.
  mutating func lookUp(
    id: [UInt8]?, algorithm: SignatureAlgorithm, mayRead: Bool, at now: ContinuousClock.Instant
  ) -> OnLookUp {
    switch self.keys?.key(id: id, algorithm: algorithm) {
    case .key(let key)?: return .use(key, generation: self.generation)
    case JWTKeySet.Match.none?: return .refuse
    case .unknownID?, nil:
      if mayRead, let action = self.ask(at: now) { return action }
      guard self.keys == nil || self.isFailing else { return .refuse }
      let nextAsk = self.askedAt.map { $0 + Self.askInterval } ?? now
      return .unavailable(retryAfter: max(min(self.dueAt, nextAsk) - now, .seconds(1)))
    }
  }

  /// Nil when it is not yet time to read for a token again.
  private mutating func ask(at now: ContinuousClock.Instant) -> OnLookUp? {
    if let attempt { return attempt.isLate ? nil : .wait(attempt.id) }
    if let askedAt, now < askedAt + Self.askInterval { return nil }
    self.askedAt = now
    return .begin(self.begin(isScheduled: false))
  }

  /// What to do about the keys' age.
  mutating func due(at now: ContinuousClock.Instant) -> OnDue {
    if let attempt, !attempt.isLate { return .wait(attempt.id) }
    guard now >= self.dueAt else { return .sleep(self.dueAt - now) }
    return self.readNow(at: now)
  }

  /// The keys are wanted, whatever their age.
  mutating func readNow(at now: ContinuousClock.Instant) -> OnDue {
    guard let attempt else { return .begin(self.begin(isScheduled: true)) }
    guard attempt.isLate else { return .wait(attempt.id) }
    // It holds whatever another would hang on too.
    self.postpone(at: now)
    return .sleep(self.dueAt - now)
  }

  private mutating func begin(isScheduled: Bool) -> Int {
    self.lastID += 1
    self.attempt = Attempt(id: self.lastID, isScheduled: isScheduled)
    return self.lastID
  }

  private mutating func postpone(at now: ContinuousClock.Instant) {
    self.dueAt = now + self.retry
    self.retry = min(self.retry * 2, self.maxAge)
  }

  /// Whether there have been keys.
  var hasKeys: Bool { self.keys != nil }

  /// Whether somebody who wants the outcome has to wait for it.
  func isUnderWay(_ id: Int) -> Bool {
    self.attempt.map { $0.id == id && !$0.isLate } == true
  }

  /// A reading takes too long: nobody waits for it any more. It may still come to something.
  ///
  /// - Returns: What to tell; false when it is over already.
  mutating func timedOut(
    _ id: Int, at now: ContinuousClock.Instant
  ) -> (isLate: Bool, event: JWTKeysEvent?) {
    guard self.isUnderWay(id), let isScheduled = self.attempt?.isScheduled else {
      return (false, nil)
    }
    self.attempt?.isLate = true
    return (true, self.failed(Self.timeoutError, isScheduled: isScheduled, at: now))
  }

  static let timeoutError = JWTKeySetError("it cannot be read in time")

  /// A reading is over.
  mutating func finished(
    _ result: Result<JWTKeySet, JWTKeySetError>, at now: ContinuousClock.Instant
  ) -> JWTKeysEvent? {
    guard let attempt = self.attempt else { preconditionFailure("no reading is under way") }
    self.attempt = nil
    switch result {
    case .success(let keys): return self.succeeded(keys, at: now)
    case .failure(let error):
      // One that was late has failed already.
      return attempt.isLate
        ? nil : self.failed(error, isScheduled: attempt.isScheduled, at: now)
    }
  }

  private mutating func succeeded(
    _ keys: JWTKeySet, at now: ContinuousClock.Instant
  ) -> JWTKeysEvent? {
    self.dueAt = now + self.maxAge
    self.retry = min(Self.firstRetry, self.maxAge)
    let wasFailing = self.isFailing
    self.isFailing = false
    let old = self.keys
    self.keys = keys
    guard let old else { return .loaded(keys) }
    if old.identities == keys.identities { return wasFailing ? .recovered(keys) : nil }
    if !keys.identities.isSuperset(of: old.identities) { self.generation += 1 }
    return .changed(keys)
  }

  private mutating func failed(
    _ error: JWTKeySetError, isScheduled: Bool, at now: ContinuousClock.Instant
  ) -> JWTKeysEvent? {
    // Tokens must not be able to put off what is scheduled.
    if isScheduled { self.postpone(at: now) }
    guard !self.isFailing else { return nil }
    self.isFailing = true
    return .failed(error, hasKeys: self.keys != nil)
  }
}
