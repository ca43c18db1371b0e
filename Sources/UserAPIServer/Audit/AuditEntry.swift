internal import AuthService
internal import Tracing
internal import UserAPI

/// What is written down of a call that changed something or was refused.
struct AuditEntry: Sendable {
  /// Who called; nil when that is not known.
  var identity: Identity?
  /// For whom; nil when nobody was named who may be.
  var userID: String?
  /// The name of the connection's certificate, where it was not what proved who called.
  var certificate: String?
  /// Where the connection comes from, for people and for telling callers apart; nil for a Unix-domain
  /// socket.
  var address: String?
  var peer: PeerAddress?
  /// Nil when the call names none.
  var procedure: Procedure?
  /// The id of the session that was changed.
  var sessionID: String?
  /// What the call failed with; nil for success.
  var error: UserAPIError?
  var requestID: String
  /// Where it stands in its trace; nil outside of one.
  var context: InstrumentationContext?
}

extension Procedure {
  /// Whether calls of it are written down also when they succeed.
  var changesSession: Bool {
    switch self {
    case .initiateWhatsAppSession, .restartSession, .updateSessionPhone, .logoutSession,
      .linkSession:
      true
    case .getWhatsAppSession, .getSessionStatus, .getSessionQR, .getWhatsAppGroups,
      .getWhatsAppContacts, .watchSession:
      false
    }
  }
}

extension UserAPIError {
  /// Whether the caller was kept from something, and not failed by it.
  var isRefusal: Bool {
    switch self.code {
    case .unauthenticated, .permissionDenied: true
    default:
      switch self.reason {
      case .invalidActAs, .rateLimited, .sessionNotFound: true
      default: false
      }
    }
  }
}
