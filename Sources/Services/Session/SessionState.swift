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

/// A WhatsApp account, to tell one from another. Of its id, which is a phone number, only a digest is
/// kept, which means something in this process alone.
package struct SessionAccount: Sendable, Hashable {
  private let digest: Int

  package init(id: String) {
    var hasher = Hasher()
    hasher.combine(id)
    self.digest = hasher.finalize()
  }
}
