internal import UserAPI

/// Counts the QR codes that a session shows, and tells until when each is one at least, by what is
/// seen of them from time to time.
struct CodeTracker: Sendable {
  /// How long WhatsApp shows the first code of a wait for a scan, and each that follows.
  private static let firstLifetime: Duration = .seconds(60)
  private static let nextLifetime: Duration = .seconds(20)

  /// How long after the earliest end of a code the next is commonly seen, so that the old one need
  /// not be told away before.
  private static let replacementTime: Duration = .seconds(1)

  /// The code that was seen last in this wait, and what is known of it.
  private(set) var shown: ShownCode?
  /// When the code is replaced at the earliest, where that is known.
  private(set) var ends: ContinuousClock.Instant?
  /// Whether the code is shown no longer, because its time is over and WAHA has no other.
  private(set) var isGone = false
  /// How many codes this wait had; nil when its beginning was not seen, or too long was not looked.
  private var attempts: Int?
  /// When the code that comes next was certainly not there yet.
  private var absentAt: ContinuousClock.Instant?
  /// When the code was last seen.
  private var seenAt: ContinuousClock.Instant?
  /// Whether the next code may be the first of another wait, whose beginning nobody saw.
  private var mayBeginAnew = false
  /// What there was before the session did not wait for a scan for a moment.
  private var before: (shown: ShownCode, ends: ContinuousClock.Instant?, attempts: Int?)?

  /// - Parameter startedAfter: When the session was certainly not waiting for a scan, if it has been
  ///   started since and that was a short time ago.
  init(startedAfter: ContinuousClock.Instant?) {
    self.attempts = startedAfter.map { _ in 0 }
    self.absentAt = startedAfter
  }

  /// The code to show; nil for none.
  var code: ShownCode? { self.isGone ? nil : self.shown }

  /// When ``timePassed(at:)`` takes the code away; nil without one, and for one of which nobody knows
  /// the end.
  var goesAt: ContinuousClock.Instant? {
    guard self.shown != nil, !self.isGone else { return nil }
    return self.ends.map { $0 + Self.replacementTime }
  }

  // MARK: What happens

  /// Something is done to the session, which may begin to wait anew.
  mutating func changes() {
    self.mayBeginAnew = true
  }

  /// The session was seen not to wait for a scan.
  mutating func isElsewhere(at now: ContinuousClock.Instant) {
    if let shown { self.before = (shown, self.ends, self.attempts) }
    self.shown = nil
    self.ends = nil
    self.isGone = false
    self.attempts = 0
    self.absentAt = now
    self.mayBeginAnew = false
  }

  /// The session was seen to wait for a scan.
  ///
  /// - Parameters:
  ///   - code: The one on show; nil when it could not be read.
  ///   - now: When that was asked for, by both clocks.
  ///   - answeredAt: When the answer was there.
  mutating func saw(
    _ code: QRCode?, at now: ContinuousClock.Instant, _ wallClock: Timestamp,
    _ answeredAt: ContinuousClock.Instant
  ) {
    guard let code else { return }
    if code == self.shown?.code {
      if self.ends == nil { self.isGone = false }
    } else if let before, code == before.shown.code {
      (self.shown, self.ends, self.attempts) = before
    } else {
      self.show(code, at: now, wallClock, answeredAt)
    }
    self.before = nil
    self.absentAt = now
    self.seenAt = now
    self.timePassed(at: now)
  }

  private mutating func show(
    _ code: QRCode, at now: ContinuousClock.Instant, _ wallClock: Timestamp,
    _ answeredAt: ContinuousClock.Instant
  ) {
    let isFirst = self.attempts == 0 && !self.mayBeginAnew
    // One that nobody saw begin may end at any time.
    let beganAfter = isFirst || self.shown != nil && !self.mayBeginAnew ? self.absentAt : nil
    let lifetime = isFirst ? Self.firstLifetime : Self.nextLifetime
    if self.mayBeginAnew || beganAfter.map({ $0 + lifetime <= now }) == true {
      // There may have been others between.
      self.attempts = nil
    }
    self.mayBeginAnew = false
    self.attempts = self.attempts.map { $0 + 1 }
    self.ends = beganAfter.map { $0 + lifetime }.flatMap { $0 > answeredAt ? $0 : nil }
    self.isGone = false
    self.shown = ShownCode(
      code: code, expiresAt: self.ends.map { wallClock.advanced(by: now.duration(to: $0)) },
      attempt: self.attempts)
  }

  /// Nobody is to scan a code any more whose time is over, however long WAHA takes for the next.
  mutating func timePassed(at now: ContinuousClock.Instant) {
    if let goesAt, goesAt <= now { self.isGone = true }
    // However long it had been there, it is not any more.
    if self.ends == nil, let seenAt, seenAt + Self.firstLifetime <= now {
      self.isGone = self.shown != nil
    }
  }
}
