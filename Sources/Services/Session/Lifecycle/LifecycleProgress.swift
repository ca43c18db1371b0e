/// How far an action on a session has come, for those who do not see its end.
enum LifecycleProgress: Sendable {
  case nothingDone
  /// WAHA was asked, and has not answered.
  case restarting
  case restarted
  /// The logout is noted, so that it comes to its end in any case.
  case removing
  /// WAHA was asked, and has not answered.
  case unlinking
  case unlinked
  case deleted

  /// What to tell, and how it goes on.
  var description: String {
    switch self {
    case .nothingDone: "nothing was done to the session"
    case .restarting: "WAHA was asked to restart the session and may do so yet"
    case .restarted: "WAHA has restarted the session, which is not up yet"
    case .removing: "nothing was done at WAHA yet; the logout goes on by itself"
    case .unlinking: "WAHA was asked to unlink the phone; the logout goes on by itself"
    case .unlinked: "the phone is unlinked, but the session not deleted; that goes on by itself"
    case .deleted: "the session is deleted at WAHA, which is not noted yet"
    }
  }
}
