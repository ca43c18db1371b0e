/// The procedures of the User API (proto-spec.md, section 7).
public enum Procedure: String, CaseIterable, Hashable, Sendable {
  case getWhatsAppSession
  case initiateWhatsAppSession
  case getSessionStatus
  case getSessionQR
  case restartSession
  case updateSessionPhone
  case logoutSession
  case getWhatsAppGroups
  case getWhatsAppContacts
  case watchSession
  case linkSession

  /// What every procedure's path begins with.
  public static let pathPrefix = "/user.v1.User/"

  /// The path to POST to.
  public var path: String { Self.pathPrefix + self.rawValue }

  /// Whether the procedure has input fields; one without takes an empty body for `{}`.
  public var hasInput: Bool {
    switch self {
    case .getWhatsAppSession, .initiateWhatsAppSession: false
    case .getSessionStatus, .getSessionQR, .restartSession, .updateSessionPhone, .logoutSession,
      .getWhatsAppGroups, .getWhatsAppContacts, .watchSession, .linkSession:
      true
    }
  }

  /// Whether the response is a stream of any number of messages, and not one.
  public var isStreaming: Bool {
    switch self {
    case .getWhatsAppSession, .initiateWhatsAppSession, .getSessionStatus, .getSessionQR,
      .restartSession, .updateSessionPhone, .logoutSession, .getWhatsAppGroups,
      .getWhatsAppContacts:
      false
    case .watchSession, .linkSession: true
    }
  }

  package init?(path: String) {
    guard let procedure = Self.byPath[path] else { return nil }
    self = procedure
  }

  private static let byPath = [String: Procedure](
    uniqueKeysWithValues: Self.allCases.map { ($0.path, $0) })
}
