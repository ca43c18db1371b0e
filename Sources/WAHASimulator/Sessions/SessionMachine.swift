/// One session's life as a value. It never asks for the time: every event brings it along, and
/// `advance(to:)` makes all the transitions that have come due, so a timer that fires late, twice
/// or for nothing does no harm. Each transition is kept, with its own time, until it is taken.
package struct SessionMachine: Sendable {
  private indirect enum Phase: Sendable {
    case stopped
    /// Nil deadline: stays there.
    case starting(until: ContinuousClock.Instant?)
    case showingCode(
      number: Int, until: ContinuousClock.Instant?, scanAt: ContinuousClock.Instant?)
    case working
    case failed
    /// A status of somebody's own making.
    case other(String)
    case flapping(Flap)
  }

  /// Statuses that a session only goes through, to end where it was.
  private struct Flap: Sendable {
    /// The first is on show.
    var statuses: ArraySlice<String>
    var until: ContinuousClock.Instant
    var each: Duration
    var since: ContinuousClock.Instant
    var base: Phase
  }

  private var phase = Phase.stopped
  private let timing: Timing
  private var transitions: [Transition] = []
  private var latest: [Transition.Moment] = []
  /// The code that the last transition with one showed.
  private var notedCode = 0
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
    case .flapping(let flap): flap.statuses.first ?? ""
    }
  }

  /// Everything but `STOPPED` runs: `FAILED` does, and what only flaps to `STOPPED`.
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
    case .flapping(let flap): flap.until
    }
  }

  /// The transitions since this was asked last, in order.
  package mutating func takeTransitions() -> [Transition] {
    guard !self.transitions.isEmpty else { return [] }
    defer { self.transitions = [] }
    return self.transitions
  }

  /// Starts a stopped session. A running one, even a failed one, is left as it is.
  package mutating func start(at now: ContinuousClock.Instant) {
    guard !self.isRunning else { return }
    // The real server makes the session anew, and that begins as stopped.
    self.latest = [Transition.Moment("STOPPED", at: now - .milliseconds(2))]
    self.enter(.starting(until: now + self.timing.startDelay), at: now)
  }

  /// Stops; the credentials stay.
  package mutating func stop(at now: ContinuousClock.Instant) { self.enter(.stopped, at: now) }

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
      self.enter(.starting(until: now + self.timing.startDelay), at: now)
    } else {
      self.becomeWorking(at: now)
    }
    return true
  }

  /// Puts the session into any status, known or not, and cancels what was to happen next.
  package mutating func force(_ status: String, at now: ContinuousClock.Instant) {
    switch status {
    case "STOPPED": self.enter(.stopped, at: now)
    case "STARTING": self.enter(.starting(until: nil), at: now)
    case "SCAN_QR_CODE":
      self.codeSerial += 1
      self.enter(.showingCode(number: 1, until: nil, scanAt: nil), at: now)
    case "WORKING":
      self.isPaired = true
      self.becomeWorking(at: now)
    case "FAILED": self.enter(.failed, at: now)
    case let other: self.enter(.other(other), at: now)
    }
  }

  /// Goes through these statuses, known or not, and back to what it was, whose clocks stand still
  /// meanwhile. One that flaps already does it anew from here.
  /// - Parameter each: How long each of them lasts.
  /// - Returns: False when it does not run, or there is no status to go through.
  package mutating func flap(
    through statuses: [String], each: Duration, at now: ContinuousClock.Instant
  ) -> Bool {
    guard self.isRunning, !statuses.isEmpty else { return false }
    var flap = Flap(
      statuses: statuses[...], until: now + each, each: each, since: now, base: self.phase)
    if case .flapping(let first) = self.phase {
      flap.since = first.since
      flap.base = first.base
    }
    self.show(flap, at: now)
    return true
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
      self.becomeWorking(at: time)
    case .starting:
      self.codeSerial += 1
      self.enter(
        .showingCode(
          number: 1, until: time + self.timing.firstCode,
          scanAt: self.timing.scanAfter.map { time + $0 }), at: time)
    case .showingCode(_, _, .some(let scanAt)) where scanAt <= time:
      _ = self.scan(at: time, engine: engine)
    case .showingCode(let number, _, let scanAt)
    where number < self.timing.codeCount || endlessCodes:
      self.codeSerial += 1
      self.enter(
        .showingCode(number: number + 1, until: time + self.timing.nextCode, scanAt: scanAt),
        at: time)
    case .showingCode:
      self.enter(.failed, at: time)
    case .flapping(var flap):
      flap.statuses = flap.statuses.dropFirst()
      guard flap.statuses.isEmpty else {
        flap.until = time + flap.each
        self.show(flap, at: time)
        return
      }
      self.enter(Self.delayed(flap.base, by: time - flap.since), at: time)
    }
  }

  private mutating func becomeWorking(at time: ContinuousClock.Instant) {
    self.isIdentified = true
    self.enter(.working, at: time)
  }

  private mutating func show(_ flap: Flap, at time: ContinuousClock.Instant) {
    if flap.statuses.first == "SCAN_QR_CODE" { self.codeSerial += 1 }
    self.enter(.flapping(flap), at: time)
  }

  private static func delayed(_ phase: Phase, by pause: Duration) -> Phase {
    switch phase {
    case .starting(let until): .starting(until: until.map { $0 + pause })
    case .showingCode(let number, let until, let scanAt):
      .showingCode(
        number: number, until: until.map { $0 + pause }, scanAt: scanAt.map { $0 + pause })
    case .stopped, .working, .failed, .other, .flapping: phase
    }
  }

  /// The only place where the phase changes.
  private mutating func enter(_ phase: Phase, at time: ContinuousClock.Instant) {
    let before = self.status
    self.phase = phase
    let status = self.status
    let code = status == "SCAN_QR_CODE" ? self.codeSerial : nil
    guard status != before || (code != nil && code != self.notedCode) else { return }
    self.notedCode = code ?? self.notedCode
    self.latest = self.latest.suffix(2) + [Transition.Moment(status, at: time)]
    self.transitions.append(
      Transition(
        status: status, at: time, code: code, isIdentified: self.isIdentified,
        latest: self.latest))
  }
}
