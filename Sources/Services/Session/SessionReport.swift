package import UserAPI

/// How a session is, as far as that can be said.
package struct SessionReport: Sendable, Equatable {
  /// What the service stands behind.
  package var status: SessionStatus
  /// WAHA's last word.
  package var reported: SessionStatus
  /// When the session was last seen to work; nil when WAHA has said something else since, or has
  /// been silent for too long.
  package var verifiedAt: Timestamp?
  /// Why the status is not what WAHA says, or what stands against it.
  package var reason: SessionEventReason?
  /// Whether the status is what was known before, and could not be confirmed since.
  package var isStale: Bool

  package init(
    status: SessionStatus, reported: SessionStatus, verifiedAt: Timestamp? = nil,
    reason: SessionEventReason? = nil, isStale: Bool = false
  ) {
    self.status = status
    self.reported = reported
    self.verifiedAt = verifiedAt
    self.reason = reason
    self.isStale = isStale
  }
}
