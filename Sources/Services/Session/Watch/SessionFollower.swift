internal import UserAPI

/// Makes events of what WAHA says of a session each time it is asked, and knows when to ask next.
struct SessionFollower: Sendable {
  /// How long to wait until WAHA is asked again.
  struct Pace: Sendable {
    /// While the session starts, and while a new code is due.
    var fast: Duration = .milliseconds(200)
    /// While a code waits for its scan, while the status is in doubt, and while WAHA does not have
    /// the session.
    var scanning: Duration = .seconds(1)
    /// In every other state.
    var idle: Duration = .seconds(5)
    var working: Duration = .seconds(10)
    /// In the states of the last two, where WAHA tells of changes by itself: no longer than what was
    /// seen of a session stays good.
    var announced: Duration = .seconds(20)
    /// After as many failures as it takes to get there by doubling a second.
    var failing: Duration = .seconds(16)
  }

  /// What WAHA says.
  enum Look: Sendable {
    /// The code is nil when the session waits for no scan, or WAHA has none at the moment.
    ///
    /// - Parameter isVerified: Whether a session that is said to work was seen to; nil when nobody
    ///   tried.
    case state(SessionStatus, QRCode?, isVerified: Bool?)
    /// WAHA does not have the session.
    ///
    /// - Parameter isLoggedOut: Whether that is as it should be.
    case missing(isLoggedOut: Bool)
    case failure(UserAPIError)
  }

  /// How the session is.
  struct Report: Equatable, Sendable {
    var status: SessionStatus
    var reported: SessionStatus
    var verifiedAt: Timestamp?
    var reason: SessionEventReason?
    var code: ShownCode?
  }

  enum Action: Equatable, Sendable {
    case none
    /// The session is so from now on.
    case tell(Report)
    /// Nothing more is to be expected, because the session is logged out (nil) or cannot be watched.
    case end(UserAPIError?)
  }

  /// How long WhatsApp shows the first code of a scan, and each that follows.
  private static let firstCodeLifetime: Duration = .seconds(60)
  private static let nextCodeLifetime: Duration = .seconds(20)

  /// A code that is due within that time is looked for fast.
  private static let dueSoon: Duration = .seconds(1)

  /// How long after the earliest end of a code the next is commonly seen, so that the old one need
  /// not be told away before.
  private static let replacementTime: Duration = .seconds(1)

  private let pace = Pace()
  private var truth: SessionTruth
  private var code: ShownCode?
  /// How many codes this wait for a scan had before; nil when its beginning was not seen.
  private var attempts: Int?
  /// When the code is replaced at the earliest, where that is known.
  private var codeEnds: ContinuousClock.Instant?
  /// Whether the code is shown no longer, because its time is over and WAHA has no other.
  private var isCodeGone = false
  /// Whether it is known when the session was not waiting for a scan yet.
  private let knowsStart: Bool
  /// Whether the next code may be the first of another wait, whose beginning nobody saw.
  private var mayBeginAnew = false
  private var lastLook: ContinuousClock.Instant?
  private var isMissing = false
  private var failures = 0
  /// Whether WAHA tells of changes by itself, as far as that can be seen: it did of the last.
  private var announcesChanges = false
  /// Whether it did since it was last asked.
  private var wasAnnounced = false

  /// - Parameter startedAfter: When the session was certainly not waiting for a scan, if it has been
  ///   started since and that was a short time ago.
  init(
    limits: SessionTruth.Limits = SessionTruth.Limits(),
    startedAfter: ContinuousClock.Instant? = nil
  ) {
    self.truth = SessionTruth(limits: limits)
    self.knowsStart = startedAfter != nil
    self.lastLook = startedAfter
  }

  /// Whether it is time to see if the session works, if WAHA says so.
  func needsVerification(at now: ContinuousClock.Instant) -> Bool {
    self.truth.needsVerification(at: now)
  }

  /// Something was done to the session.
  mutating func changed() {
    self.truth.changed()
    self.mayBeginAnew = true
  }

  /// What to say of the session to somebody who asked for it in between; nil before the first look.
  ///
  /// - Parameter answer: What WAHA said to him.
  func truth(
    after answer: Result<SessionStatus, UserAPIError>, at now: ContinuousClock.Instant,
    _ wallClock: Timestamp
  ) -> SessionReport? {
    guard self.truth.report != nil else { return nil }
    var truth = self.truth
    switch answer {
    case .success(let status): truth.answered(status, isVerified: nil, at: now, wallClock)
    case .failure(let error): truth.failed(error, at: now)
    }
    return truth.report
  }

  /// WAHA said by itself that the session is another way.
  mutating func announced() {
    self.wasAnnounced = true
    self.announcesChanges = true
  }

  /// The code that was last told of.
  var shownCode: QRCode? { self.code?.code }

  /// When ``timePassed(at:)`` takes the code away; nil without one, and for one of which nobody knows
  /// the end.
  var codeGoesAt: ContinuousClock.Instant? {
    guard self.code != nil, !self.isCodeGone else { return nil }
    return self.codeEnds.map { $0 + Self.replacementTime }
  }

  /// Nobody is to scan a code any more whose time is over, however long WAHA takes for the next.
  mutating func timePassed(at now: ContinuousClock.Instant) -> Action {
    let before = self.report
    self.dropExpiredCode(at: now)
    return self.change(since: before)
  }

  private mutating func dropExpiredCode(at now: ContinuousClock.Instant) {
    if let codeGoesAt, codeGoesAt <= now { self.isCodeGone = true }
  }

  /// What there is to tell of how the session has become.
  private func change(since before: Report?) -> Action {
    guard let report,
      report.status != before?.status || report.reason != before?.reason
        || report.code != before?.code
    else { return .none }
    return .tell(report)
  }

  /// WAHA was asked.
  ///
  /// - Parameters:
  ///   - now: When it was asked, by both clocks.
  ///   - answeredAt: When it had answered; nil for at once.
  mutating func looked(
    _ look: Look, at now: ContinuousClock.Instant, _ wallClock: Timestamp,
    answeredAt: ContinuousClock.Instant? = nil
  ) -> Action {
    let before = self.report
    switch look {
    case .state(let status, let code, let isVerified):
      self.failures = 0
      self.isMissing = false
      self.saw(status, code, at: now, wallClock, answeredAt ?? now)
      self.truth.answered(status, isVerified: isVerified, at: now, wallClock)
      self.lastLook = now
    case .missing(isLoggedOut: true):
      return .end(nil)
    case .missing(isLoggedOut: false):
      self.failures = 0
      // A logout deletes the session first and notes it then; a second look knows.
      guard self.isMissing else {
        self.isMissing = true
        return .none
      }
      return .end(
        UserAPIError(
          .sessionMissingUpstream, "WAHA no longer has the session; initiate it again"))
    case .failure(let error):
      self.failures += 1
      // Who has been told nothing yet has nothing to hold on to.
      guard before != nil else { return .end(error) }
      self.truth.failed(error, at: now)
    }
    self.dropExpiredCode(at: now)
    return self.change(since: before)
  }

  /// How the session is; nil before WAHA has said so.
  var report: Report? {
    guard let verdict = self.truth.verdict, let reported = self.truth.reported else { return nil }
    return Report(
      status: verdict.status, reported: reported, verifiedAt: self.truth.verifiedAt,
      reason: verdict.reason, code: self.isCodeGone ? nil : self.code)
  }

  private mutating func saw(
    _ status: SessionStatus, _ code: QRCode?, at now: ContinuousClock.Instant,
    _ wallClock: Timestamp, _ answeredAt: ContinuousClock.Instant
  ) {
    if let reported = self.truth.reported, reported != status, !self.wasAnnounced {
      self.announcesChanges = false
    }
    self.wasAnnounced = false
    if status != self.truth.reported {
      self.attempts = self.truth.reported == nil && !self.knowsStart ? nil : 0
      self.code = nil
      self.codeEnds = nil
      self.isCodeGone = false
      self.mayBeginAnew = false
    }
    if let code, code != self.code?.code { self.show(code, at: now, wallClock, answeredAt) }
  }

  private mutating func show(
    _ code: QRCode, at now: ContinuousClock.Instant, _ wallClock: Timestamp,
    _ answeredAt: ContinuousClock.Instant
  ) {
    if self.mayBeginAnew {
      self.attempts = nil
      self.code = nil
      self.mayBeginAnew = false
    }
    let isFirst = self.attempts == 0
    self.attempts = self.attempts.map { $0 + 1 }
    self.codeEnds = nil
    self.isCodeGone = false
    // One that nobody saw begin may end at any time.
    if let lastLook, isFirst || self.code != nil {
      let ends = lastLook + (isFirst ? Self.firstCodeLifetime : Self.nextCodeLifetime)
      // WAHA may have taken so long that this says nothing any more.
      if ends > answeredAt { self.codeEnds = ends }
    }
    self.code = ShownCode(
      code: code,
      expiresAt: self.codeEnds.map { wallClock.advanced(by: now.duration(to: $0)) },
      attempt: self.attempts)
  }

  /// For how long WAHA is left alone.
  func pause(at now: ContinuousClock.Instant) -> Duration {
    if self.failures > 0 {
      let pause = min(.seconds(1 << min(self.failures - 1, 8)), self.pace.failing)
      // The status is to change then.
      guard let silentAt = self.truth.silentAt, silentAt > now else { return pause }
      return min(pause, now.duration(to: silentAt))
    }
    if self.isMissing { return self.pace.scanning }
    let pause = self.pauseOfState(at: now)
    guard let doubtEnds = self.truth.doubtEnds, doubtEnds > now else { return pause }
    return min(pause, self.pace.scanning, now.duration(to: doubtEnds))
  }

  private func pauseOfState(at now: ContinuousClock.Instant) -> Duration {
    switch self.truth.reported {
    case .some(.starting): return self.pace.fast
    case .some(.scanQRCode):
      guard let codeEnds, codeEnds - Self.dueSoon > now else { return self.pace.fast }
      return min(self.pace.scanning, now.duration(to: codeEnds - Self.dueSoon))
    case .some(.working):
      let pause = self.announcesChanges ? self.pace.announced : self.pace.working
      guard let due = self.truth.verificationDue, due > now else { return pause }
      return min(pause, now.duration(to: due))
    case .some, .none: return self.announcesChanges ? self.pace.announced : self.pace.idle
    }
  }
}

extension Timestamp {
  func advanced(by duration: Duration) -> Timestamp {
    Timestamp(
      millisecondsSinceEpoch: self.millisecondsSinceEpoch + Int64(duration / .milliseconds(1)))
  }
}
