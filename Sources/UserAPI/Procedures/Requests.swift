/// The input of the procedures that need nothing but a session.
public struct SessionRequest: Sendable, Equatable {
  /// The name that `initiateWhatsAppSession` gave.
  public var sessionName: String

  /// Made of its parts.
  public init(sessionName: String) {
    self.sessionName = sessionName
  }
}

/// The input of `updateSessionPhone`.
public struct UpdateSessionPhoneRequest: Sendable, Equatable {
  /// The id that `initiateWhatsAppSession` gave.
  public var id: String
  /// As the caller wrote it: E.164 with or without `+`, spaces, dashes or brackets.
  public var phoneNumber: PhoneNumber

  /// Made of its parts.
  public init(id: String, phoneNumber: PhoneNumber) {
    self.id = id
    self.phoneNumber = phoneNumber
  }
}

/// The input of `getWhatsAppGroups` and `getWhatsAppContacts`.
public struct DirectoryRequest: Sendable, Equatable {
  /// The name that `initiateWhatsAppSession` gave.
  public var sessionName: String
  /// How many items to give at most, 1 or more; nil for the procedure's own default (10 groups,
  /// 50 contacts). More than the server's maximum (10,000) counts as the maximum.
  public var limit: Int?
  /// How many items of the filtered list to skip, 0 or more: the `nextCursor` of the page before.
  public var cursor: Int
  /// Words that the names or the number must have, in any order; nil for everything. At most 512
  /// bytes of UTF-8 and 16 words.
  public var search: String?
  /// The ``DirectoryPage/snapshot`` of the page before, to go on over the same list; nil for the
  /// newest.
  public var snapshot: String?
  /// How old the list may be, in milliseconds, 0 or more; nil for the server's own limit. Has no
  /// meaning with ``snapshot``.
  public var maxAgeMs: Int?

  /// The longest ``search`` that a server takes, in bytes.
  package static let maximumSearchLength = 512

  /// Made of its parts.
  public init(
    sessionName: String, limit: Int? = nil, cursor: Int = 0, search: String? = nil,
    snapshot: String? = nil, maxAgeMs: Int? = nil
  ) {
    self.sessionName = sessionName
    self.limit = limit
    self.cursor = cursor
    self.search = search
    self.snapshot = snapshot
    self.maxAgeMs = maxAgeMs
  }
}

/// The input of `watchSession`.
public struct WatchSessionRequest: Sendable, Equatable {
  /// The name that `initiateWhatsAppSession` gave.
  public var sessionName: String
  /// The ``SessionEvent/seq`` of the last event that the caller has had, to go on behind it; nil to
  /// begin with the state now.
  public var after: Int?
  /// In which form QR codes come. Default: ``QRFormat/png``.
  public var qrFormat: QRFormat

  /// Made of its parts.
  public init(sessionName: String, after: Int? = nil, qrFormat: QRFormat = .png) {
    self.sessionName = sessionName
    self.after = after
    self.qrFormat = qrFormat
  }
}

/// The input of `linkSession`.
public struct LinkSessionRequest: Sendable, Equatable {
  /// The number of the phone to link, to be given a code to type there as well; nil to link by QR
  /// code alone. As the caller wrote it: E.164 with or without `+`, spaces, dashes or brackets.
  public var phoneNumber: PhoneNumber?
  /// In which form QR codes come. Default: ``QRFormat/png``.
  public var qrFormat: QRFormat

  /// Made of its parts.
  public init(phoneNumber: PhoneNumber? = nil, qrFormat: QRFormat = .png) {
    self.phoneNumber = phoneNumber
    self.qrFormat = qrFormat
  }
}

/// In which form a QR code comes.
public enum QRFormat: String, CaseIterable, Sendable {
  /// A PNG in base64 (RFC 4648, section 4).
  case png
  /// What the code says, for the caller to draw.
  case text
}
