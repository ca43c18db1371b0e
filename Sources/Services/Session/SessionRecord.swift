package import UserAPI

/// A session as the database has it. Its name and its user never change.
package struct SessionRecord: Sendable, Equatable {
  package var id: String
  /// What WAHA calls it.
  package var name: String
  package var userID: String
  package var phoneNumber: String?
  /// Whether this service last saw to it that WAHA has the session, and not that it hasn't.
  package var isConnected: Bool
  /// Whether a logout was begun that has not come to its end.
  package var isRemoving: Bool
  package var createdAt: Timestamp
  package var updatedAt: Timestamp

  package init(
    id: String, name: String, userID: String, phoneNumber: String? = nil, isConnected: Bool,
    isRemoving: Bool = false, createdAt: Timestamp, updatedAt: Timestamp
  ) {
    self.id = id
    self.name = name
    self.userID = userID
    self.phoneNumber = phoneNumber
    self.isConnected = isConnected
    self.isRemoving = isRemoving
    self.createdAt = createdAt
    self.updatedAt = updatedAt
  }
}
