/// Keeps calls from a server that does not answer: after some failures in a row, and a question to the
/// server itself that fails too, it refuses them, but for one now and then that finds out whether the
/// server is back.
struct CircuitBreaker: Sendable {
  private enum State {
    /// Every call may go out; so many have failed in a row. With ``threshold`` of them the server
    /// itself is asked.
    case closed(failures: Int)
    /// None may, until then.
    case open(until: ContinuousClock.Instant)
    /// A probe is out. When it has not come back by then, another may go.
    case halfOpen(probe: Int, until: ContinuousClock.Instant)
  }

  /// What a call that may go out gives back when it is over.
  enum Permit: Sendable, Equatable {
    case regular
    case probe(Int)
  }

  enum Admission: Sendable, Equatable {
    case granted(Permit)
    case refused(retryAfter: Duration)
  }

  enum Outcome: Sendable {
    /// The server is there, whatever it said.
    case answered
    case failed
    /// The call says nothing of the server: it was given up, or what it waited for hangs.
    case unknown
  }

  /// After how many failures in a row it is doubted that the server is there.
  static let threshold = 5
  /// How long it stays open before a probe goes out.
  static let pause: Duration = .seconds(1)

  private var state = State.closed(failures: 0)
  private var lastProbe = 0

  /// Whether the server has answered since it was last found not to.
  var isClosed: Bool {
    if case .closed = self.state { true } else { false }
  }

  /// Whether the next call is refused.
  func isOpen(at now: ContinuousClock.Instant) -> Bool {
    switch self.state {
    case .closed: false
    case .open(let until), .halfOpen(_, let until): now < until
    }
  }

  mutating func admit(at now: ContinuousClock.Instant) -> Admission {
    switch self.state {
    case .closed: return .granted(.regular)
    case .open(let until), .halfOpen(_, let until):
      guard now >= until else { return .refused(retryAfter: until - now) }
      self.lastProbe += 1
      self.state = .halfOpen(probe: self.lastProbe, until: now + Self.pause)
      return .granted(.probe(self.lastProbe))
    }
  }

  /// A call that was admitted is over.
  ///
  /// - Returns: whether the server itself is now to be asked whether it is there: the failures may be
  ///   those of one session. See ``serverAsked(_:at:)``.
  mutating func ended(
    _ permit: Permit, _ outcome: Outcome, at now: ContinuousClock.Instant
  ) -> Bool {
    switch self.state {
    case .closed(let failures):
      switch outcome {
      case .answered: self.state = .closed(failures: 0)
      case .failed where failures < Self.threshold:
        self.state = .closed(failures: failures + 1)
        return failures + 1 == Self.threshold
      case .failed, .unknown: break
      }
    case .open, .halfOpen:
      // What went out before it opened tells of a time before that.
      guard case .probe(let number) = permit else { return false }
      self.probeEnded(number, outcome, at: now)
    }
    return false
  }

  /// The server itself was asked whether it is there.
  mutating func serverAsked(_ outcome: Outcome, at now: ContinuousClock.Instant) {
    // A call that was answered meanwhile has told already.
    guard case .closed(Self.threshold) = self.state else { return }
    switch outcome {
    case .answered: self.state = .closed(failures: 0)
    case .failed: self.state = .open(until: now + Self.pause)
    case .unknown: self.state = .closed(failures: Self.threshold - 1)
    }
  }

  private mutating func probeEnded(
    _ number: Int, _ outcome: Outcome, at now: ContinuousClock.Instant
  ) {
    switch outcome {
    case .answered: self.state = .closed(failures: 0)
    case .failed, .unknown:
      // Another has gone out since, and tells more.
      guard case .halfOpen(number, _) = self.state else { return }
      // The next call takes the place of one that tells nothing.
      self.state = .open(until: outcome == .failed ? now + Self.pause : now)
    }
  }
}
