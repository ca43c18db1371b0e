package import UserAPI

/// What those who watch a session are told: how it is from then on.
package struct WatchEvent: Sendable, Equatable {
  /// Grows from one event of a session to the next, by any number.
  package var sequence: Int
  package var at: Timestamp
  /// What the service stands behind.
  package var status: SessionStatus
  /// WAHA's last word.
  package var reported: SessionStatus
  /// When the session was last seen to work.
  package var verifiedAt: Timestamp?
  /// Why the status is not what WAHA says.
  package var reason: SessionEventReason?
  /// The code to scan, while the session waits for a scan and WAHA has one.
  package var code: ShownCode?
  /// Whether events between this one and the one that the watcher named are no longer kept.
  package var isSequenceExpired = false
  /// What can be typed on the phone in the place of a scan; only for those who link one.
  package var pairingCode: PairingCode?

  /// Takes out a code whose time is over: nobody is to scan it any more.
  mutating func dropExpiredCode(at now: Timestamp) {
    if let expiresAt = self.code?.expiresAt, expiresAt <= now { self.code = nil }
  }
}

/// A QR code, and for how long it is one. Whoever sees it can take over the session, so it prints
/// as `<redacted>`.
package struct ShownCode: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  package var code: QRCode
  /// When WhatsApp replaces it, at the earliest; nil when nobody saw it begin.
  package var expiresAt: Timestamp?
  /// Which code of this wait for a scan it is, the first being 1; nil when the first was not seen.
  package var attempt: Int?

  package var description: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A QR code in both forms that WAHA has of it. Prints as `<redacted>`.
package struct QRCode: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  /// What the code says.
  package var text: String
  /// The bytes of a PNG.
  package var picture: [UInt8]

  package var description: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
