/// A kind of thing that a caller may do (proto-spec.md, section 2.6).
public enum Scope: String, CaseIterable, Hashable, Sendable {
  /// To see the session: whether there is one, whose phone it has, and how it is.
  case sessionRead = "session:read"
  /// To change the session, and to see the codes that link a phone to it.
  case sessionWrite = "session:write"
  /// To read the session's groups, also those that have campaigns, and its contacts.
  case directoryRead = "directory:read"
  /// To call for any user, whom the header `user-api-act-as` names.
  case actAs = "act-as"
}

extension Procedure {
  /// What its caller has to be allowed.
  public var scope: Scope {
    switch self {
    case .getWhatsAppSession, .getSessionStatus, .watchSession: .sessionRead
    case .initiateWhatsAppSession, .getSessionQR, .restartSession, .updateSessionPhone,
      .logoutSession, .linkSession:
      .sessionWrite
    case .getWhatsAppGroups, .getWhatsAppContacts: .directoryRead
    }
  }
}
