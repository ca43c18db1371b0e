/// One session's life as a value. It never asks for the time: every event brings it along, and
/// `advance(to:)` makes all the transitions that have come due, so a timer that fires late, twice
/// or for nothing does no harm.
package struct SessionMachine: Sendable {
  private enum Phase: Sendable {
    case stopped
    /// Nil deadline: stays there.
    case starting(until: ContinuousClock.Instant?)
    case showingCode(
      number: Int, until: ContinuousClock.Instant?, scanAt: ContinuousClock.Instant?)
    case working
    case failed
    /// A status of somebody's own making.
    case other(String)
  }

  private var phase = Phase.stopped
  private let timing: Timing
  /// Whether stored credentials exist, so that the next start needs no scan.
  package private(set) var isPaired = false
  /// Whether the account behind the credentials is known, which takes one `WORKING`.
  package private(set) var isIdentified = false
  /// Counts the codes shown so far, over all starts.
  package private(set) var codeSerial = 0

  package init(timing: Timing) { self.timing = timing }

  package var status: String {
    switch self.phase {
    case .stopped: "STOPPED"
    case .starting: "STARTING"
    case .showingCode: "SCAN_QR_CODE"
    case .working: "WORKING"
    case .failed: "FAILED"
    case .other(let status): status
    }
  }

  /// Everything but `STOPPED` runs, `FAILED` included.
  package var isRunning: Bool {
    if case .stopped = self.phase { false } else { true }
  }

  /// When `advance(to:)` has something to do next.
  package var nextDeadline: ContinuousClock.Instant? {
    switch self.phase {
    case .stopped, .working, .failed, .other: nil
    case .starting(let until): until
    case .showingCode(_, let until, let scanAt):
      if let until, let scanAt { min(until, scanAt) } else { until ?? scanAt }
    }
  }

  /// Starts a stopped session. A running one, even a failed one, is left as it is.
  package mutating func start(at now: ContinuousClock.Instant) {
    guard !self.isRunning else { return }
    self.phase = .starting(until: now + self.timing.startDelay)
  }

  /// Stops; the credentials stay.
  package mutating func stop() { self.phase = .stopped }

  /// Forgets the credentials without touching the status.
  package mutating func unpair() {
    self.isPaired = false
    self.isIdentified = false
  }

  /// The code is scanned.
  /// - Returns: Whether one was on show.
  package mutating func scan(at now: ContinuousClock.Instant, engine: Engine) -> Bool {
    guard case .showingCode = self.phase else { return false }
    self.isPaired = true
    if engine.reconnectsAfterScan {
      self.phase = .starting(until: now + self.timing.startDelay)
    } else {
      self.becomeWorking()
    }
    return true
  }

  /// Puts the session into any status, known or not, and cancels what was to happen next.
  package mutating func force(_ status: String) {
    switch status {
    case "STOPPED": self.phase = .stopped
    case "STARTING": self.phase = .starting(until: nil)
    case "SCAN_QR_CODE":
      self.codeSerial += 1
      self.phase = .showingCode(number: 1, until: nil, scanAt: nil)
    case "WORKING":
      self.isPaired = true
      self.becomeWorking()
    case "FAILED": self.phase = .failed
    case let other: self.phase = .other(other)
    }
  }

  /// Makes every transition that is due at `now`, each at its own time.
  /// - Parameter endlessCodes: Whether new codes are made for ever, as NOWEB once did.
  package mutating func advance(
    to now: ContinuousClock.Instant, engine: Engine, endlessCodes: Bool = false
  ) {
    while let deadline = self.nextDeadline, deadline <= now {
      self.step(at: deadline, engine: engine, endlessCodes: endlessCodes)
    }
  }

  private mutating func step(
    at time: ContinuousClock.Instant, engine: Engine, endlessCodes: Bool
  ) {
    switch self.phase {
    case .stopped, .working, .failed, .other:
      preconditionFailure("a phase without a deadline does not step")
    case .starting where self.isPaired:
      self.becomeWorking()
    case .starting:
      self.codeSerial += 1
      self.phase = .showingCode(
        number: 1, until: time + self.timing.firstCode,
        scanAt: self.timing.scanAfter.map { time + $0 })
    case .showingCode(_, _, .some(let scanAt)) where scanAt <= time:
      _ = self.scan(at: time, engine: engine)
    case .showingCode(let number, _, let scanAt)
    where number < self.timing.codeCount || endlessCodes:
      self.codeSerial += 1
      self.phase = .showingCode(
        number: number + 1, until: time + self.timing.nextCode, scanAt: scanAt)
    case .showingCode:
      self.phase = .failed
    }
  }

  private mutating func becomeWorking() {
    self.isIdentified = true
    self.phase = .working
  }
}
