package import UserAPI

/// What WAHA does for a session, on the session's host and no other. Every function throws one of the
/// `UPSTREAM_…` reasons when WAHA fails or the host is not known, and `canceled` when the task is.
package protocol SessionUpstream: Sendable {
  /// How the session is; nil when WAHA does not have it.
  func state(of session: OwnedSession) async throws(UserAPIError) -> SessionState?

  /// Asks for something that only a session that works can give; its status says less.
  ///
  /// - Throws: Also `SESSION_MISSING_UPSTREAM`, and `SESSION_NOT_WORKING`.
  func verify(_ session: OwnedSession) async throws(UserAPIError)

  /// Makes the session and starts it. One that is already there is left as it is.
  func create(_ session: OwnedSession) async throws(UserAPIError)

  /// Starts a stopped session. One that already runs is left as it is.
  ///
  /// - Throws: `SESSION_MISSING_UPSTREAM` when WAHA does not have it; so do ``restart(_:)``,
  ///   ``qrCode(of:)``, ``qrText(of:)`` and ``pairingCode(of:phoneNumber:)``.
  func start(_ session: OwnedSession) async throws(UserAPIError)

  /// Stops the session and starts it again, in whatever state it is.
  func restart(_ session: OwnedSession) async throws(UserAPIError)

  /// Unlinks the session at WhatsApp. Nothing happens when WAHA does not have it.
  func logout(_ session: OwnedSession) async throws(UserAPIError)

  /// Removes the session from WAHA. Nothing happens when WAHA does not have it.
  func delete(_ session: OwnedSession) async throws(UserAPIError)

  /// The QR code to scan, as the bytes of a PNG.
  ///
  /// - Throws: `SESSION_NOT_AWAITING_SCAN` when the session waits for none.
  func qrCode(of session: OwnedSession) async throws(UserAPIError) -> [UInt8]

  /// What the QR code to scan says.
  ///
  /// - Throws: As ``qrCode(of:)``.
  func qrText(of session: OwnedSession) async throws(UserAPIError) -> String

  /// Has WhatsApp make a code that is typed on the phone of that number, in the place of a scan.
  ///
  /// - Throws: As ``qrCode(of:)``.
  func pairingCode(
    of session: OwnedSession, phoneNumber: PhoneNumber
  ) async throws(UserAPIError) -> PairingCode
}

extension UserAPIError {
  /// WAHA does not have a session that it should have.
  package static var missingUpstream: UserAPIError {
    UserAPIError(.sessionMissingUpstream, "WAHA no longer has the session; initiate it again")
  }
}

extension SessionUpstream {
  /// WAHA's word for how the session is; nil when WAHA does not have it.
  package func status(of session: OwnedSession) async throws(UserAPIError) -> SessionStatus? {
    try await self.state(of: session)?.status
  }

  /// Whether the session is seen to work, which WAHA says of it.
  ///
  /// - Throws: `canceled` alone.
  func isWorking(_ session: OwnedSession) async throws(UserAPIError) -> Bool {
    do throws(UserAPIError) {
      try await self.verify(session)
      return true
    } catch {
      guard error.code != .canceled else { throw error }
      return false
    }
  }
}
