internal import UserAPI

/// Makes events of what WAHA says of a session each time it is asked, and knows when to ask next.
struct SessionFollower: Sendable {
  /// How long to wait until WAHA is asked again.
  struct Pace: Sendable {
    /// While the session starts, and while a new code is due.
    var fast: Duration = .milliseconds(200)
    /// While a code waits for its scan, and while WAHA does not have the session.
    var scanning: Duration = .seconds(1)
    /// In every other state.
    var idle: Duration = .seconds(5)
    var working: Duration = .seconds(10)
    /// After as many failures as it takes to get there by doubling a second.
    var failing: Duration = .seconds(16)
  }

  /// What WAHA says.
  enum Look: Sendable {
    /// The code is nil when the session waits for no scan, or WAHA has none at the moment.
    case state(SessionStatus, QRCode?)
    /// WAHA does not have the session.
    ///
    /// - Parameter isLoggedOut: Whether that is as it should be.
    case missing(isLoggedOut: Bool)
    case failure(UserAPIError)
  }

  enum Action: Equatable, Sendable {
    case none
    /// The session is so from now on.
    case tell(SessionStatus, ShownCode?)
    /// Nothing more is to be expected, because the session is logged out (nil) or cannot be watched.
    case end(UserAPIError?)
  }

  /// How long WhatsApp shows the first code of a scan, and each that follows.
  private static let firstCodeLifetime: Duration = .seconds(60)
  private static let nextCodeLifetime: Duration = .seconds(20)

  /// A code that is due within that time is looked for fast.
  private static let dueSoon: Duration = .seconds(1)

  private let pace: Pace
  private var status: SessionStatus?
  private var code: ShownCode?
  /// How many codes this wait for a scan had before; nil when its beginning was not seen.
  private var attempts: Int?
  /// When the code is replaced at the earliest, where that is known.
  private var codeEnds: ContinuousClock.Instant?
  private var lastLook: ContinuousClock.Instant?
  private var isMissing = false
  private var failures = 0

  init(pace: Pace = Pace()) {
    self.pace = pace
  }

  /// The code that was last told of.
  var shownCode: QRCode? { self.code?.code }

  /// WAHA was asked.
  ///
  /// - Parameters:
  ///   - now: When it was asked, by both clocks.
  mutating func looked(
    _ look: Look, at now: ContinuousClock.Instant, _ wallClock: Timestamp
  ) -> Action {
    switch look {
    case .state(let status, let code):
      defer { self.lastLook = now }
      self.failures = 0
      self.isMissing = false
      return self.saw(status, code, at: now, wallClock)
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
      return self.status == nil ? .end(error) : .none
    }
  }

  private mutating func saw(
    _ status: SessionStatus, _ code: QRCode?, at now: ContinuousClock.Instant,
    _ wallClock: Timestamp
  ) -> Action {
    let isNew = status != self.status
    if isNew {
      self.attempts = self.status == nil ? nil : 0
      self.status = status
      self.code = nil
      self.codeEnds = nil
    }
    if let code, code != self.code?.code {
      self.show(code, at: now, wallClock)
    } else if !isNew {
      return .none
    }
    return .tell(status, self.code)
  }

  private mutating func show(
    _ code: QRCode, at now: ContinuousClock.Instant, _ wallClock: Timestamp
  ) {
    let isFirst = self.attempts == 0
    self.attempts = self.attempts.map { $0 + 1 }
    self.codeEnds = nil
    // One that nobody saw begin may end at any time.
    if let lastLook, isFirst || self.code != nil {
      self.codeEnds = lastLook + (isFirst ? Self.firstCodeLifetime : Self.nextCodeLifetime)
    }
    self.code = ShownCode(
      code: code,
      expiresAt: self.codeEnds.map { wallClock.advanced(by: now.duration(to: $0)) },
      attempt: self.attempts)
  }

  /// For how long WAHA is left alone.
  func pause(at now: ContinuousClock.Instant) -> Duration {
    if self.failures > 0 {
      return min(.seconds(1 << min(self.failures - 1, 8)), self.pace.failing)
    }
    if self.isMissing { return self.pace.scanning }
    switch self.status {
    case .some(.starting): return self.pace.fast
    case .some(.scanQRCode):
      guard let codeEnds, codeEnds - Self.dueSoon > now else { return self.pace.fast }
      return min(self.pace.scanning, now.duration(to: codeEnds - Self.dueSoon))
    case .some(.working): return self.pace.working
    case .some, .none: return self.pace.idle
    }
  }
}

extension Timestamp {
  func advanced(by duration: Duration) -> Timestamp {
    Timestamp(
      millisecondsSinceEpoch: self.millisecondsSinceEpoch + Int64(duration / .milliseconds(1)))
  }
}
