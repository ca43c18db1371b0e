package import SessionService
package import UserAPI

/// What WAHA knows of a session's address book, whole. Every function throws one of the
/// `UPSTREAM_…` reasons when WAHA fails or its answer makes no sense, `SESSION_NOT_WORKING` when
/// the session is in the wrong state after all, and `canceled` when the task is. What it has, it
/// gives only once the list is known to be whole: one that throws has given nothing.
package protocol DirectoryUpstream: Sendable {
  /// Gives every group of the session to `take`, each once, in any order.
  func groups(
    of session: OwnedSession, _ take: (Group) -> Void
  ) async throws(UserAPIError)

  /// Gives every person in the session's address book to `take`, each once, in any order; without
  /// groups, broadcast lists, channels, the account itself and blocked people.
  func contacts(
    of session: OwnedSession, _ take: (Contact) -> Void
  ) async throws(UserAPIError)
}

/// A WhatsApp group.
package struct Group: Sendable, Equatable {
  /// Such as `120363000000000000@g.us`.
  package var id: String
  /// The subject; nil when WAHA does not know it.
  package var name: String?

  package init(id: String, name: String?) {
    self.id = id
    self.name = name
  }
}

/// A person in the address book.
package struct Contact: Sendable, Equatable {
  /// Such as `15550000000@c.us`, or `99900000000@lid` when WhatsApp hides the number.
  package var id: String
  /// Every name that WAHA gives, the one to show first.
  package var names: [String]
  /// Digits only; nil when WhatsApp hides it.
  package var number: String?

  package init(id: String, names: [String], number: String?) {
    self.id = id
    self.names = names
    self.number = number
  }
}
