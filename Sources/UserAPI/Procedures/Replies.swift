/// The caller's session, as the database has it.
public struct WhatsAppSession: Sendable, Equatable {
  /// This service's id of it.
  public var id: String
  /// What the other procedures take.
  public var sessionName: String
  /// As `updateSessionPhone` stored it; nil before that.
  public var phoneNumber: String?
  /// Whose it is.
  public var userId: String
  /// When it was first initiated.
  public var createdAt: Timestamp
  /// When its row last changed.
  public var updatedAt: Timestamp
  /// The groups that the campaign service keeps for the session, on the wire `WhatsAppGroups`.
  public var groups: [Group]

  /// Made of its parts.
  public init(
    id: String, sessionName: String, phoneNumber: String?, userId: String, createdAt: Timestamp,
    updatedAt: Timestamp, groups: [Group]
  ) {
    self.id = id
    self.sessionName = sessionName
    self.phoneNumber = phoneNumber
    self.userId = userId
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.groups = groups
  }

  /// A group that the campaign service keeps for the session.
  public struct Group: Sendable, Equatable {
    /// This service's id of it.
    public var id: String
    /// The subject when the group was stored.
    public var groupName: String
    /// WhatsApp's id of the group.
    public var groupId: String
    /// Those that are not deleted and are scheduled or in progress.
    public var campaigns: [Campaign]

    /// Made of its parts.
    public init(id: String, groupName: String, groupId: String, campaigns: [Campaign]) {
      self.id = id
      self.groupName = groupName
      self.groupId = groupId
      self.campaigns = campaigns
    }
  }

  /// A campaign to a group.
  public struct Campaign: Sendable, Equatable {
    /// This service's id of it.
    public var id: String
    /// `SCHEDULED` or `IN_PROGRESS`.
    public var status: String
    /// When it begins, or began.
    public var startDate: Timestamp

    /// Made of its parts.
    public init(id: String, status: String, startDate: Timestamp) {
      self.id = id
      self.status = status
      self.startDate = startDate
    }
  }
}

/// Prints without the phone number.
extension WhatsAppSession: CustomStringConvertible, CustomReflectable {
  /// For people and logs.
  public var description: String { "WhatsAppSession(\(self.id), \(self.sessionName))" }

  /// Shows no more than `description` does.
  public var customMirror: Mirror {
    Mirror(self, children: ["id": self.id, "sessionName": self.sessionName])
  }
}

/// The output of `initiateWhatsAppSession`.
public struct InitiatedSession: Sendable, Equatable {
  /// What the other procedures take.
  public var sessionName: String
  /// What `updateSessionPhone` takes.
  public var id: String

  /// Made of its parts.
  public init(sessionName: String, id: String) {
    self.sessionName = sessionName
    self.id = id
  }
}

/// The output of `getSessionStatus`.
public struct SessionStatusReply: Sendable, Equatable {
  /// How it is, as far as the server stands behind it.
  public var status: SessionStatus
  /// WAHA's last word, where it is another than ``status``.
  public var reported: SessionStatus?
  /// When the session was last seen to work, beyond what WAHA says.
  public var verifiedAt: Timestamp?
  /// What there is to know beside the status; nil for nothing.
  public var reason: SessionEventReason?
  /// Whether ``status`` is what was known before, and could not be confirmed just now.
  public var stale: Bool

  /// Made of its parts.
  public init(
    status: SessionStatus, reported: SessionStatus? = nil, verifiedAt: Timestamp? = nil,
    reason: SessionEventReason? = nil, stale: Bool = false
  ) {
    self.status = status
    self.reported = reported
    self.verifiedAt = verifiedAt
    self.reason = reason
    self.stale = stale
  }
}

/// WAHA's word for how a session is. Open: WAHA adds words, and they are passed through.
public struct SessionStatus: RawRepresentable, Hashable, Sendable {
  /// The word on the wire.
  public let rawValue: String

  /// Takes any word; only those below mean something to this version.
  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  /// Not running; its credentials are kept.
  public static let stopped = Self(rawValue: "STOPPED")
  /// On the way to one of the next two.
  public static let starting = Self(rawValue: "STARTING")
  /// A phone must scan the QR code.
  public static let scanQRCode = Self(rawValue: "SCAN_QR_CODE")
  /// Linked, and messages flow.
  public static let working = Self(rawValue: "WORKING")
  /// Given up; a restart may help.
  public static let failed = Self(rawValue: "FAILED")
  /// Not a word of WAHA's: it says that the session works, or does not answer, and the session was
  /// not seen to work.
  public static let unknown = Self(rawValue: "UNKNOWN")
}

/// The output of `getSessionQR`. Whoever sees the code can take over the session, so it prints as
/// `<redacted>`.
public struct SessionQRCode: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  /// A PNG in base64 (RFC 4648, section 4).
  public var qr: String

  /// Made of its parts.
  public init(qr: String) {
    self.qr = qr
  }

  /// Nothing of the value.
  public var description: String { "<redacted>" }
  /// Shows no more than `description` does.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The output of the procedures that either do what they are for or fail.
public struct Success: Sendable, Equatable {
  /// Always true: what did not succeed is an error.
  public var success: Bool

  /// Made of its parts.
  public init(success: Bool = true) {
    self.success = success
  }
}
