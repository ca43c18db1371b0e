/// One change of a session's status, or a new code while it waits for a scan.
package struct Transition: Sendable, Equatable {
  /// A status and when it came.
  package struct Moment: Sendable, Equatable {
    package var status: String
    package var at: ContinuousClock.Instant

    package init(_ status: String, at: ContinuousClock.Instant) {
      self.status = status
      self.at = at
    }
  }

  package var status: String
  /// When it was due, which may be before the timer fired.
  package var at: ContinuousClock.Instant
  /// The serial of the code on show; nil unless the status is `SCAN_QR_CODE`.
  package var code: Int?
  /// Whether the account was known then.
  package var isIdentified: Bool
  /// The last three statuses since the session was started, this one last.
  package var latest: [Moment]
}
