package import UserAPI

/// What WAHA tells of a session without being asked. It may come late, twice, out of order or not at
/// all, so it is a reason to ask and not an answer.
package struct SessionAnnouncement: Sendable, Equatable {
  /// What WAHA calls the session, which need not be one of ours.
  package var name: String
  package var status: SessionStatus
  /// When WAHA says that it became so.
  package var at: Timestamp

  package init(name: String, status: SessionStatus, at: Timestamp) {
    self.name = name
    self.status = status
    self.at = at
  }
}
