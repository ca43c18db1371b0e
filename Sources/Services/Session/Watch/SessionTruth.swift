internal import UserAPI

/// What can be stood behind of a session, by what WAHA says of it. WAHA says `WORKING` of sessions
/// that are dead, and `STARTING` of healthy ones for moments.
struct SessionTruth: Sendable {
  struct Limits: Sendable {
    /// For how long a verification lets a session count as working.
    var verification: Duration = .seconds(60)
    /// How long after one verification the next is tried: so often that one which fails by chance
    /// does no harm.
    var nextVerification: Duration { self.verification / 3 }
    /// How long after one that failed the next is tried.
    var failedVerification: Duration = .zero
    /// For how long a session that works may be something else without being shown so, and for how
    /// long one that WAHA calls working may go unverified without that being shown.
    var debounce: Duration = .seconds(5)
    /// For how long a session that works may count so while WAHA does not answer.
    var silence: Duration = .seconds(30)

    /// For a session that is asked for now and then, and followed by nobody: there is no one to
    /// find out whether a doubt passes, and who asks is not to wait for what failed just now.
    var ofUnwatched: Self {
      var limits = self
      limits.failedVerification = .seconds(5)
      limits.debounce = .zero
      return limits
    }
  }

  /// How a session is, as far as that can be said.
  struct Verdict: Sendable, Equatable {
    var status: SessionStatus
    /// Why the status is not what WAHA says; nil when it is.
    var reason: SessionEventReason?
  }

  private let limits: Limits
  private(set) var verdict: Verdict?
  /// WAHA's last word.
  private(set) var reported: SessionStatus?
  private var lastAnswer: ContinuousClock.Instant?
  private var verified: (at: ContinuousClock.Instant, wallClock: Timestamp)?
  private var lastAttempt: (at: ContinuousClock.Instant, succeeded: Bool)?
  /// Why WAHA did not answer the last time that it was asked; nil when it did.
  private var failure: SessionEventReason?
  /// Since when the verdict is held although it may not be so; nil when it is as it should be.
  private var doubtedSince: ContinuousClock.Instant?
  /// Whether something was done to the session, so that changes are no flaps.
  private var expectsChange = false
  /// Whether it still is.
  private var isChanging = false

  init(limits: Limits = Limits()) {
    self.limits = limits
  }

  /// When a session that WAHA calls working is to be tried next; nil of any other.
  var verificationDue: ContinuousClock.Instant? {
    guard self.reported == .working else { return nil }
    return self.lastAttempt.map { $0.at + self.limits.nextVerification }
  }

  /// When the session was last seen to work; nil when WAHA has said something else since, or has
  /// been silent for too long.
  var verifiedAt: Timestamp? { self.verified?.wallClock }

  /// Whether it is time to see if a session works of which WAHA says so.
  func needsVerification(at now: ContinuousClock.Instant) -> Bool {
    guard self.reported == .working, let lastAttempt else { return true }
    if self.isVerified(at: now) { return lastAttempt.at + self.limits.nextVerification <= now }
    return lastAttempt.succeeded || lastAttempt.at + self.limits.failedVerification <= now
  }

  /// Whether the last try to see the session work failed.
  var isDoubted: Bool { self.lastAttempt?.succeeded == false }

  /// All that can be said; nil before WAHA has said anything.
  var report: SessionReport? {
    guard let verdict, let reported else { return nil }
    let isDoubted = verdict.status == .working && self.isDoubted
    return SessionReport(
      status: verdict.status, reported: reported, verifiedAt: self.verifiedAt,
      reason: verdict.reason ?? self.failure ?? (isDoubted ? .notVerified : nil),
      isStale: self.doubtedSince != nil || self.failure != nil || isDoubted)
  }

  // MARK: What happens

  /// Something is done to the session from now on: what WAHA says is no flap.
  mutating func changeBegan() {
    self.isChanging = true
    self.expectsChange = true
  }

  /// It was done, and is to be seen from now on.
  mutating func changeEnded() {
    self.isChanging = false
    self.expectsChange = true
  }

  /// WAHA said how the session is.
  ///
  /// - Parameter isVerified: Whether it was seen to work; nil when nobody tried.
  mutating func answered(
    _ status: SessionStatus, isVerified: Bool?, at now: ContinuousClock.Instant,
    _ wallClock: Timestamp
  ) {
    self.lastAnswer = now
    self.failure = nil
    if status != self.reported {
      self.reported = status
      // What was seen before says nothing of a session that was away since.
      self.verified = nil
      self.lastAttempt = nil
    }
    if let isVerified {
      self.lastAttempt = (now, isVerified)
      if isVerified { self.verified = (now, wallClock) }
    }
    if status == .working, self.isVerified(at: now) {
      self.settle(Verdict(status: .working))
      self.expectsChange = self.isChanging
      return
    }
    // One that is not known to work need not be doubted again.
    if self.doubtedSince == nil,
      self.verdict?.status == .working
        || status == .working && self.verdict?.status != .unknown
    {
      self.doubtedSince = now
    }
    guard !self.holdsVerdict(at: now) else { return }
    self.settle(
      status == .working
        ? Verdict(status: .unknown, reason: .notVerified) : Verdict(status: status))
  }

  /// WAHA did not answer.
  mutating func failed(_ error: UserAPIError, at now: ContinuousClock.Instant) {
    let reason = SessionEventReason(rawValue: error.reason.rawValue)
    self.failure = reason
    guard self.verdict?.status == .working, let silentAt, silentAt <= now else { return }
    self.verified = nil
    self.settle(Verdict(status: .unknown, reason: reason))
  }

  /// What was seen to work a long time ago, and not since, is not known to any more.
  mutating func timePassed(at now: ContinuousClock.Instant) {
    guard let unverifiedAt, unverifiedAt <= now else { return }
    self.settle(Verdict(status: .unknown, reason: .notVerified))
  }

  private mutating func settle(_ verdict: Verdict) {
    self.verdict = verdict
    self.doubtedSince = nil
  }

  /// Whether what was said before is still said, because the doubt may pass.
  private func holdsVerdict(at now: ContinuousClock.Instant) -> Bool {
    guard let verdict, let doubtedSince, doubtedSince + self.limits.debounce > now else {
      return false
    }
    switch self.reported {
    // One that could not be verified for so long has had its time.
    case .some(.working): return self.verified == nil
    case .some(.starting), .some(.stopped), .some(.failed):
      return verdict.status == .working && !self.expectsChange
    default: return false
    }
  }

  private func isVerified(at now: ContinuousClock.Instant) -> Bool {
    guard let verified else { return false }
    return verified.at + self.limits.verification > now
  }

  // MARK: Time

  /// When a verdict that is held becomes another, unless the doubt passes before; nil without doubt.
  var doubtEnds: ContinuousClock.Instant? {
    self.doubtedSince.map { $0 + self.limits.debounce }
  }

  /// When a session that is doubted is no longer said to work; nil of any other.
  var unverifiedAt: ContinuousClock.Instant? {
    guard self.verdict?.status == .working, self.reported == .working, self.isDoubted,
      self.failure == nil
    else { return nil }
    return self.verified.map { $0.at + self.limits.verification }
  }

  /// When a WAHA that does not answer has been silent for too long.
  var silentAt: ContinuousClock.Instant? {
    self.lastAnswer.map { $0 + self.limits.silence }
  }
}
