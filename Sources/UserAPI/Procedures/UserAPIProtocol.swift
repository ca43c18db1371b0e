/// The User API as one caller sees it: the client library conforms, and so does the server for
/// each caller. Each procedure throws what proto-spec.md, section 7, lists for it.
public protocol UserAPIProtocol: Sendable {
  /// The caller's session with its groups and campaigns; nil unless WAHA says that it works or
  /// waits for a scan.
  func getWhatsAppSession() async throws(UserAPIError) -> WhatsAppSession?

  /// Makes the caller's session, or brings it back, and starts it if it is stopped. Safe to
  /// repeat.
  func initiateWhatsAppSession() async throws(UserAPIError) -> InitiatedSession

  /// WAHA's own word for how the session is.
  func getSessionStatus(_ request: SessionRequest) async throws(UserAPIError) -> SessionStatusReply

  /// The QR code that links a phone; only while the session waits for a scan.
  func getSessionQR(_ request: SessionRequest) async throws(UserAPIError) -> SessionQRCode

  /// Stops the session and starts it again.
  func restartSession(_ request: SessionRequest) async throws(UserAPIError) -> Success

  /// Stores the phone number of the session.
  func updateSessionPhone(
    _ request: UpdateSessionPhoneRequest
  ) async throws(UserAPIError) -> Success

  /// Logs the session out at WhatsApp and deletes it at WAHA. Safe to repeat.
  func logoutSession(_ request: SessionRequest) async throws(UserAPIError) -> Success

  /// A page of the groups that the session is in.
  func getWhatsAppGroups(_ request: DirectoryRequest) async throws(UserAPIError) -> GroupPage

  /// A page of the session's contacts.
  func getWhatsAppContacts(_ request: DirectoryRequest) async throws(UserAPIError) -> ContactPage

  /// How the session is, then each change and each new QR code, until the session is logged out.
  func watchSession(
    _ request: WatchSessionRequest
  ) async throws(UserAPIError) -> MessageStream<SessionEvent>

  /// Makes or starts the caller's session and tells all that it takes to link a phone, until the
  /// session works.
  func linkSession(
    _ request: LinkSessionRequest
  ) async throws(UserAPIError) -> MessageStream<SessionEvent>
}
