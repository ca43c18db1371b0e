internal import AuthService
internal import NIOConcurrencyHelpers
package import UserAPI

/// One who links a phone to a session. Watches it for as long as it exists.
package final class SessionLink: Sendable {
  /// How long WAHA may take for a code to type, while the session's events wait.
  private static let pairingLimit: Duration = .seconds(5)

  package let session: OwnedSession
  private let watcher: SessionWatcher
  private let phoneNumber: PhoneNumber?
  private let pairingCodes: PairingCodes
  private let time: TimeSource
  private let linker: NIOLockedValueBox<SessionLinker>

  init(
    _ session: OwnedSession, phoneNumber: PhoneNumber?, watcher: SessionWatcher,
    pairingCodes: PairingCodes, time: TimeSource
  ) {
    self.session = session
    self.watcher = watcher
    self.phoneNumber = phoneNumber
    self.pairingCodes = pairingCodes
    self.time = time
    self.linker = NIOLockedValueBox(SessionLinker(phoneNumber: phoneNumber))
  }

  /// The next event; nil when the session works. One task at a time may wait for it.
  ///
  /// - Throws: `LINK_FAILED`, `QR_CODES_USED_UP`, `SESSION_MISSING_UPSTREAM` when the session is logged
  ///   out or deleted meanwhile, and what ``SessionWatcher/next()`` throws.
  package func next() async throws(UserAPIError) -> WatchEvent? {
    while true {
      switch self.linker.withLockedValue({ $0.step }) {
      case .watch:
        if let event = try await self.watcher.next() {
          return self.saw(event)
        }
        self.linker.withLockedValue { $0.sessionEnded() }
      case .doubt(let error, let pause):
        let event = try await self.time.value(
          before: self.time.now() + pause,
          { [watcher] () async throws(UserAPIError) -> WatchEvent? in try await watcher.next() }
        ) { error }
        guard let event else {
          self.linker.withLockedValue { $0.sessionEnded() }
          continue
        }
        return self.saw(event)
      case .ask(let phoneNumber):
        let answer = await self.ask(phoneNumber)
        guard !Task.isCancelled else { throw UserAPIError.canceled }
        let now = self.time.wallClock()
        if let event = self.linker.withLockedValue({ $0.asked(answer, at: now) }) { return event }
      case .end(nil): return nil
      case .end(.some(let error)): throw error
      }
    }
  }

  private func saw(_ event: WatchEvent) -> WatchEvent {
    if let phoneNumber, event.status != .scanQRCode {
      self.pairingCodes.drop(self.session, phoneNumber: phoneNumber)
    }
    return self.linker.withLockedValue { $0.saw(event) }
  }

  private func ask(_ phoneNumber: PhoneNumber) async -> Result<PairingCode, UserAPIError> {
    do throws(UserAPIError) {
      return .success(
        try await self.time.value(before: self.time.now() + Self.pairingLimit) {
          [pairingCodes, session] () async throws(UserAPIError) -> PairingCode in
          try await pairingCodes.code(of: session, phoneNumber: phoneNumber)
        } late: {
          UserAPIError(.upstreamTimeout, "WAHA did not give a code to type in time")
        })
    } catch {
      return .failure(error)
    }
  }
}
