public import UserAPI

extension UserAPIClient: UserAPIProtocol {
  /// The caller's session with its groups and campaigns; nil unless WAHA says that it works or
  /// waits for a scan.
  public func getWhatsAppSession() async throws(UserAPIError) -> WhatsAppSession? {
    try await self.unary(.getWhatsAppSession, NoInput())
  }

  /// Makes the caller's session, or brings it back, and starts it if it is stopped. Safe to
  /// repeat.
  public func initiateWhatsAppSession() async throws(UserAPIError) -> InitiatedSession {
    try await self.unary(.initiateWhatsAppSession, NoInput())
  }

  /// WAHA's own word for how the session is.
  public func getSessionStatus(
    _ request: SessionRequest
  ) async throws(UserAPIError) -> SessionStatusReply {
    try await self.unary(.getSessionStatus, request)
  }

  /// The QR code that links a phone; only while the session waits for a scan.
  public func getSessionQR(
    _ request: SessionRequest
  ) async throws(UserAPIError) -> SessionQRCode {
    try await self.unary(.getSessionQR, request)
  }

  /// Stops the session and starts it again.
  public func restartSession(_ request: SessionRequest) async throws(UserAPIError) -> Success {
    try await self.unary(.restartSession, request)
  }

  /// Stores the phone number of the session.
  public func updateSessionPhone(
    _ request: UpdateSessionPhoneRequest
  ) async throws(UserAPIError) -> Success {
    try await self.unary(.updateSessionPhone, request)
  }

  /// Logs the session out at WhatsApp and deletes it at WAHA. Safe to repeat.
  public func logoutSession(_ request: SessionRequest) async throws(UserAPIError) -> Success {
    try await self.unary(.logoutSession, request)
  }

  /// A page of the groups that the session is in.
  public func getWhatsAppGroups(
    _ request: DirectoryRequest
  ) async throws(UserAPIError) -> GroupPage {
    try await self.unary(.getWhatsAppGroups, request)
  }

  /// A page of the session's contacts.
  public func getWhatsAppContacts(
    _ request: DirectoryRequest
  ) async throws(UserAPIError) -> ContactPage {
    try await self.unary(.getWhatsAppContacts, request)
  }

  /// How the session is, then each change and each new QR code, until the session is logged out. Not
  /// bounded by ``Configuration/timeout``. Ends when the stream is dropped.
  public func watchSession(
    _ request: WatchSessionRequest
  ) async throws(UserAPIError) -> MessageStream<SessionEvent> {
    try await self.stream(.watchSession, request)
  }

  /// Makes or starts the caller's session and tells all that it takes to link a phone, until the
  /// session works. Not bounded by ``Configuration/timeout``, but by the server, which ends it after
  /// some minutes. Ends when the stream is dropped.
  public func linkSession(
    _ request: LinkSessionRequest
  ) async throws(UserAPIError) -> MessageStream<SessionEvent> {
    try await self.stream(.linkSession, request)
  }
}
