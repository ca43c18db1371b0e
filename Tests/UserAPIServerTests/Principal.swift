import AuthService
import UserAPI

@testable import UserAPIServer

/// Somebody who calls, or tries to.
struct Principal: Sendable {
  enum Outcome: Sendable, Equatable {
    /// Every call fails with that reason. Who it was, as logs have it.
    case refused(ErrorReason, who: String = "nobody")
    /// The calls are for that user, as far as the scopes allow.
    case calls(for: String, who: String, scopes: Scopes)
  }

  var name: String
  /// What stands behind `Bearer`; nil for no token.
  var token: String?
  /// The name of the client's certificate; nil for none.
  var certificate: String?
  var actAs: String?
  /// What the server demands.
  var requirement = ClientServices.Requirement.either
  var outcome: Outcome

  /// What a procedure does for it.
  func outcome(of procedure: Procedure) -> Outcome {
    guard case .calls(_, let who, let scopes) = self.outcome,
      !scopes.contains(Scopes(procedure.scope))
    else { return self.outcome }
    return .refused(.scopeMissing, who: who)
  }
}
