internal import UserAPI

/// What the calls of one caller are counted as, each kind by itself.
enum CallClass: Sendable {
  case read
  case write
  case list

  init(_ procedure: Procedure) {
    switch procedure.scope {
    case .sessionRead: self = .read
    case .sessionWrite: self = procedure == .getSessionQR ? .read : .write
    case .directoryRead: self = .list
    case .actAs: preconditionFailure("no procedure needs it")
    }
  }
}
