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

  /// A code that is due within that time is looked for fast, and so is one that is overdue by less
  /// than the other.
  private static let dueSoon: Duration = .seconds(1)
  private static let overdue: Duration = .seconds(10)
  /// For how long a session that starts is looked at fast, and one that shows a code of which nobody
  /// knows the end.
  private static let patience: Duration = .seconds(60)
  /// For how long one that has not come further since is looked at as one that waits for its scan.
  private static let longPatience: Duration = .seconds(300)

  private let pace = Pace()
  private var truth: SessionTruth
  private var code: CodeTracker
  /// When the session last became another, or showed another code.
  private var changedAt: ContinuousClock.Instant?
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
    self.code = CodeTracker(startedAfter: startedAfter)
  }

  /// Whether it is time to see if the session works, if WAHA says so.
  func needsVerification(at now: ContinuousClock.Instant) -> Bool {
    self.truth.needsVerification(at: now)
  }

  /// Whether the last try to see it work failed.
  var isDoubted: Bool { self.truth.isDoubted }

  /// WAHA was seen to say this by somebody else.
  ///
  /// - Returns: Whether that is news.
  func isNews(_ status: SessionStatus) -> Bool {
    self.truth.reported.map { $0 != status } ?? false
  }

  /// Something is done to the session from now on.
  mutating func changeBegan() {
    self.truth.changeBegan()
    self.code.changes()
  }

  /// It was done.
  mutating func changeEnded() {
    self.truth.changeEnded()
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
  var shownCode: QRCode? { self.code.shown?.code }

  /// Whether the session was not up yet when WAHA was last asked, or nobody has asked.
  var isUnderWay: Bool {
    switch self.truth.reported {
    case nil, .some(.starting), .some(.scanQRCode): true
    case .some: false
    }
  }

  /// When there is something to tell without WAHA's being asked; nil when that is not known.
  var changesAt: ContinuousClock.Instant? {
    [self.code.goesAt, self.truth.unverifiedAt].compactMap { $0 }.min()
  }

  /// Nobody is to scan a code any more whose time is over, nor to believe that a session works which
  /// was not seen to for too long, however long WAHA takes to answer.
  mutating func timePassed(at now: ContinuousClock.Instant) -> Action {
    let before = self.report
    self.code.timePassed(at: now)
    self.truth.timePassed(at: now)
    return self.change(since: before)
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
    case .missing(isLoggedOut: true):
      return .end(nil)
    case .missing(isLoggedOut: false):
      self.failures = 0
      // A logout deletes the session first and notes it then; a second look knows.
      guard self.isMissing else {
        self.isMissing = true
        return .none
      }
      return .end(.missingUpstream)
    case .failure(let error):
      self.failures += 1
      // Who has been told nothing yet has nothing to hold on to.
      guard before != nil else { return .end(error) }
      self.truth.failed(error, at: now)
    }
    self.code.timePassed(at: now)
    return self.change(since: before)
  }

  /// How the session is; nil before WAHA has said so.
  var report: Report? {
    guard let verdict = self.truth.verdict, let reported = self.truth.reported else { return nil }
    return Report(
      status: verdict.status, reported: reported, verifiedAt: self.truth.verifiedAt,
      reason: verdict.reason, code: self.code.code)
  }

  private mutating func saw(
    _ status: SessionStatus, _ code: QRCode?, at now: ContinuousClock.Instant,
    _ wallClock: Timestamp, _ answeredAt: ContinuousClock.Instant
  ) {
    if let reported = self.truth.reported, reported != status, !self.wasAnnounced {
      self.announcesChanges = false
    }
    self.wasAnnounced = false
    if status != self.truth.reported { self.changedAt = now }
    guard status == .scanQRCode else {
      self.code.isElsewhere(at: now)
      return
    }
    let before = self.shownCode
    self.code.saw(code, at: now, wallClock, answeredAt)
    if self.shownCode != before { self.changedAt = now }
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
    let age = self.changedAt.map { $0.duration(to: now) } ?? .zero
    switch self.truth.reported {
    case .some(.starting):
      return age < Self.patience ? self.pace.fast : self.slowPause(age)
    case .some(.scanQRCode):
      guard let ends = self.code.ends else {
        return age < Self.patience ? self.pace.fast : self.slowPause(age)
      }
      if ends - Self.dueSoon > now {
        return min(self.pace.scanning, now.duration(to: ends - Self.dueSoon))
      }
      return ends + Self.overdue > now ? self.pace.fast : self.slowPause(age)
    case .some(.working):
      let pause = self.announcesChanges ? self.pace.announced : self.pace.working
      guard let due = self.truth.verificationDue else { return pause }
      // One that took long has the next right behind it, and WAHA a moment between the two.
      return min(pause, max(now.duration(to: due), self.pace.scanning))
    case .some, .none: return self.announcesChanges ? self.pace.announced : self.pace.idle
    }
  }

  private func slowPause(_ age: Duration) -> Duration {
    age < Self.longPatience ? self.pace.scanning : self.pace.idle
  }
}
