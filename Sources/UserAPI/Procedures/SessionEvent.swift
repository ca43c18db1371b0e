/// A message of `watchSession` and `linkSession`: how a session is from then on. Whoever sees its codes
/// can take over the session, so it prints without.
public struct SessionEvent: Sendable, Equatable {
  /// Grows from one event of a session to the next, by any number.
  public var seq: Int
  /// When the server learned of it.
  public var at: Timestamp
  /// The session's name.
  public var sessionName: String
  /// How it is, as far as the server stands behind it.
  public var status: SessionStatus
  /// WAHA's last word.
  public var reported: SessionStatus
  /// When the session was last seen to work, beyond what WAHA says; nil when WAHA has said something
  /// else since, or has been silent for too long.
  public var verifiedAt: Timestamp?
  /// What there is to know beside the status; nil for nothing.
  public var reason: SessionEventReason?
  /// The code to scan, in the format that was asked for; nil while there is none.
  public var qr: String?
  /// When WhatsApp replaces the code, at the earliest; nil when that is not known.
  public var expiresAt: Timestamp?
  /// Which code since the session began to wait it is, the first being 1; nil when that is not
  /// known.
  public var attempt: Int?
  /// After how many codes WhatsApp commonly gives up; nil without ``attempt``.
  public var attempts: Int?
  /// The code to type on the phone, in the place of a scan; nil but in `linkSession` with a phone
  /// number, while the session waits for a scan.
  public var pairingCode: String?

  /// Made of its parts.
  public init(
    seq: Int, at: Timestamp, sessionName: String, status: SessionStatus,
    reported: SessionStatus, verifiedAt: Timestamp? = nil,
    reason: SessionEventReason? = nil, qr: String? = nil, expiresAt: Timestamp? = nil,
    attempt: Int? = nil, attempts: Int? = nil, pairingCode: String? = nil
  ) {
    self.seq = seq
    self.at = at
    self.sessionName = sessionName
    self.status = status
    self.reported = reported
    self.verifiedAt = verifiedAt
    self.reason = reason
    self.qr = qr
    self.expiresAt = expiresAt
    self.attempt = attempt
    self.attempts = attempts
    self.pairingCode = pairingCode
  }
}

extension SessionEvent: CustomStringConvertible, CustomReflectable {
  /// For people and logs.
  public var description: String {
    "SessionEvent(\(self.seq), \(self.sessionName), \(self.status.rawValue))"
  }

  /// Shows no more than `description` does.
  public var customMirror: Mirror {
    Mirror(
      self,
      children: [
        "seq": self.seq, "sessionName": self.sessionName, "status": self.status.rawValue,
      ])
  }
}

/// What there is to know of a session beside its status, as a stable word (proto-spec.md, sections
/// 7.10 and 7.11). Open, so that an old client survives a newer server.
public struct SessionEventReason: RawRepresentable, Hashable, Sendable {
  /// The word on the wire.
  public let rawValue: String

  /// Takes any word; only those below mean something to this version.
  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  /// WAHA says that the session works, but it was not seen to.
  public static let notVerified = Self(rawValue: "NOT_VERIFIED")
  /// Events between the one to go on behind and this one are no longer kept.
  public static let sequenceExpired = Self(rawValue: "SEQUENCE_EXPIRED")
  /// WAHA gave no code to type; the QR codes are the way to link.
  public static let pairingCodeRefused = Self(rawValue: "PAIRING_CODE_REFUSED")
}
