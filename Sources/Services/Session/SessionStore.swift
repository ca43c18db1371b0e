package import UserAPI

/// Where sessions are kept. Every function throws `STORE_UNAVAILABLE` when the store does not
/// answer.
package protocol SessionStore: Sendable {
  /// The user's one session.
  func session(ofUser userID: String) async throws(UserAPIError) -> SessionRecord?

  /// Stores the session, on the host that `placement` chooses by how many sessions are connected on
  /// each, unless its user has one. However many calls there are at once, no host gets more sessions
  /// than it has room for.
  ///
  /// - Returns: The session that the user has then. Of any number of concurrent calls for one
  ///   user, all return the same.
  /// - Throws: Also `NO_CAPACITY`.
  func insertSession(
    _ session: SessionRecord, on placement: HostPlacement
  ) async throws(UserAPIError) -> SessionRecord

  /// Places a session that its host does not have, as ``insertSession(_:on:)`` does, and notes it as
  /// connected, without a removal; unless it was placed or noted otherwise since it was read.
  ///
  /// - Returns: The session as it is stored then.
  /// - Throws: Also `NO_CAPACITY`, and `SESSION_NOT_FOUND` when there is no such session any more.
  func placeSession(
    _ session: SessionRecord, on placement: HostPlacement, at time: Timestamp
  ) async throws(UserAPIError) -> SessionRecord

  /// Undoes what placed a session, unless it was noted otherwise since.
  ///
  /// - Parameters:
  ///   - placed: The session as it was stored then.
  ///   - previous: As it was before; nil when it was none, and is to be forgotten.
  func takeBackPlace(
    of placed: SessionRecord, to previous: SessionRecord?
  ) async throws(UserAPIError)

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
