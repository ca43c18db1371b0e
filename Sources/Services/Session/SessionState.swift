package import UserAPI

/// How a session is at WAHA.
package struct SessionState: Sendable, Equatable {
  /// WAHA's word for it.
  package var status: SessionStatus
  /// Who has linked a phone to it; nil when nobody has, or WAHA does not know yet.
  package var account: SessionAccount?

  package init(status: SessionStatus, account: SessionAccount? = nil) {
    self.status = status
    self.account = account
  }
}

/// A WhatsApp account, to tell one from another. It is a phone number, so it prints as
/// `<redacted>`.
package struct SessionAccount: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  private let id: String

  package init(id: String) {
    self.id = id
  }

  package var description: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
