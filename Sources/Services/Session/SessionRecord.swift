package import UserAPI

/// A session as the database has it. Its name and its user never change, and its host only when it is
/// made anew.
package struct SessionRecord: Sendable, Equatable {
  package var id: String
  /// What WAHA calls it.
  package var name: String
  package var userID: String
  package var phoneNumber: String?
  /// The host on which it is placed, or was last.
  package var host: HostName
  /// Whether this service last saw to it that WAHA has the session, or set about it, and not that it
  /// hasn't. So long it takes up room on its host.
  package var isConnected: Bool
  /// How far a logout has come that was begun and has not come to its end; nil without one.
  package var removal: SessionRemoval?
  package var createdAt: Timestamp
  package var updatedAt: Timestamp

  package init(
    id: String, name: String, userID: String, phoneNumber: String? = nil,
    host: HostName = .default, isConnected: Bool, removal: SessionRemoval? = nil,
    createdAt: Timestamp, updatedAt: Timestamp
  ) {
    self.id = id
    self.name = name
    self.userID = userID
    self.phoneNumber = phoneNumber
    self.host = host
    self.isConnected = isConnected
    self.removal = removal
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }
}

/// How far the logout of a session has come. The raw value is the database's.
package enum SessionRemoval: String, Sendable {
  /// It is to be unlinked at WhatsApp.
  case begun = "BEGUN"
  /// No phone is linked any more; it is to be deleted at WAHA.
  case unlinked = "UNLINKED"
}
