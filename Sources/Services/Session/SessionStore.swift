package import UserAPI

/// Where sessions are kept. Every function throws `STORE_UNAVAILABLE` when the store does not
/// answer.
package protocol SessionStore: Sendable {
  /// The user's one session.
  func session(ofUser userID: String) async throws(UserAPIError) -> SessionRecord?

  /// Stores the session unless its user has one.
  ///
  /// - Returns: The session that the user has then. Of any number of concurrent calls for one
  ///   user, all return the same.
  func insertSession(_ session: SessionRecord) async throws(UserAPIError) -> SessionRecord

  /// Up to `limit` sessions by their ids, from the one after `id` on; from the first with nil.
  func sessions(after id: String?, limit: Int) async throws(UserAPIError) -> [SessionRecord]

  /// Notes how far the session's logout has come: that it begins, before any of it is done.
  func setRemoval(
    _ removal: SessionRemoval, sessionID: String, at time: Timestamp
  ) async throws(UserAPIError)

  /// Notes what has become of the session. No removal is under way any more.
  func setConnected(
    _ isConnected: Bool, sessionID: String, at time: Timestamp
  ) async throws(UserAPIError)

  func setPhoneNumber(
    _ number: PhoneNumber, sessionID: String, at time: Timestamp
  ) async throws(UserAPIError)

  /// The session's groups with the campaigns that are not deleted and are `SCHEDULED` or
  /// `IN_PROGRESS`, each list by its time of creation and then its id.
  func groups(ofSession sessionID: String) async throws(UserAPIError) -> [WhatsAppSession.Group]
}
