internal import UserAPI

/// Decides what those are told who link a phone, by what there is to see of the session.
struct SessionLinker: Sendable {
  /// What is to be done next.
  enum Step: Equatable, Sendable {
    /// To wait for the session's next event.
    case watch
    /// To ask WAHA for a code to type.
    case ask(PhoneNumber)
    /// To wait so long for another event, and then to fail.
    case doubt(UserAPIError, Duration)
    /// Nothing: the session works (nil), or will not.
    case end(UserAPIError?)
  }

  /// For how long a session that failed may yet come up, as some do by themselves.
  private static let recovery: Duration = .seconds(3)
  /// How long one that WAHA calls working may take to be seen to work.
  private static let verification: Duration = .seconds(15)

  /// What there is in the place of a scan.
  private enum Pairing: Equatable {
    /// Nothing yet in this wait for a scan.
    case unasked
    case code(PairingCode)
    case refused
  }

  private(set) var step = Step.watch
  private let phoneNumber: PhoneNumber?
  private var pairing = Pairing.unasked
  private var last: WatchEvent?

  /// - Parameter phoneNumber: Of the phone, for a code to type; nil for none.
  init(phoneNumber: PhoneNumber?) {
    self.phoneNumber = phoneNumber
  }

  // MARK: What happens

  /// The session is so from now on.
  ///
  /// - Returns: What is told of it.
  mutating func saw(_ event: WatchEvent) -> WatchEvent {
    let before = self.last
    if !event.isAwaitingScan || before.map(event.beginsAnew) != false { self.pairing = .unasked }
    switch event.status {
    case .working: self.step = .end(nil)
    case .failed:
      self.step = .doubt(self.failure(after: before), Self.recovery)
    case .unknown where event.reported == .working:
      self.step = .doubt(Self.notVerified, Self.verification)
    default:
      self.step = .watch
      guard let phoneNumber, event.isAwaitingScan, self.pairing == .unasked else { break }
      self.step = .ask(phoneNumber)
    }
    return self.told(event)
  }

  /// The session is logged out.
  mutating func sessionEnded() {
    self.step = .end(
      UserAPIError(.sessionMissingUpstream, "the session was logged out; initiate it again"))
  }

  /// WAHA was asked for a code to type.
  ///
  /// - Returns: What is told of it; nil when the next event of the session says more.
  mutating func asked(
    _ answer: Result<PairingCode, UserAPIError>, at now: Timestamp
  ) -> WatchEvent? {
    guard case .ask = self.step, var event = self.last else {
      preconditionFailure("nobody was to ask for a code to type")
    }
    self.step = .watch
    switch answer {
    case .success(let code): self.pairing = .code(code)
    case .failure(let error):
      self.pairing = .refused
      switch error.reason {
      // It has gone on meanwhile.
      case .sessionNotAwaitingScan, .sessionMissingUpstream: return nil
      default: break
      }
    }
    event.at = max(now, event.at)
    event.dropExpiredCode(at: now)
    return self.told(event)
  }

  // MARK: What is told

  private mutating func told(_ event: WatchEvent) -> WatchEvent {
    var event = event
    // One that tells of a code to type stands between two of the session's own.
    if let last { event.sequence = max(event.sequence, last.sequence + 1) }
    event.pairingCode = nil
    switch self.pairing {
    case .unasked: break
    case .code(let code): event.pairingCode = code
    case .refused: event.reason = event.reason ?? .pairingCodeRefused
    }
    self.last = event
    return event
  }

  /// A session that fails with its first code has not waited for a scan until there was none left.
  private func failure(after event: WatchEvent?) -> UserAPIError {
    guard let event, event.isAwaitingScan, event.code?.attempt != 1 else { return Self.linkFailed }
    return Self.codesUsedUp
  }

  private static var notVerified: UserAPIError {
    UserAPIError(
      .linkFailed, "WAHA says that the session works, but it does not; restart it")
  }

  private static var linkFailed: UserAPIError {
    UserAPIError(.linkFailed, "the session failed before a phone was linked; try again")
  }

  private static var codesUsedUp: UserAPIError {
    UserAPIError(.qrCodesUsedUp, "the session waited for a scan until it gave up; try again")
  }
}

extension WatchEvent {
  /// A session that was scanned may still be shown so for a moment; WAHA knows better.
  fileprivate var isAwaitingScan: Bool {
    self.status == .scanQRCode && self.reported == .scanQRCode
  }

  /// Whether it is of another wait for a scan than the event before.
  fileprivate func beginsAnew(after before: WatchEvent) -> Bool {
    guard before.isAwaitingScan else { return true }
    return self.code?.attempt == 1 && (before.code?.attempt ?? 1) > 1
  }
}
