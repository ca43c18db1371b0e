import AuthService
import SessionService
import TestKit
import UserAPI

/// The real service over fakes of what lies behind it.
struct Service {
  let store: InMemorySessionStore
  let upstream: ScriptedUpstream
  let time: ManualTime
  /// The names of the sessions of which the service said that they change.
  let changes = Recorder<String>()
  let sessions: Sessions

  init(
    store: InMemorySessionStore = InMemorySessionStore(),
    upstream: ScriptedUpstream = ScriptedUpstream(), peers: any SessionPeers = NoSessionPeers(),
    time: ManualTime = ManualTime(),
    statusMaxAge: Duration = .seconds(1), verificationAge: Duration = .seconds(60),
    placement: HostPlacement = .single,
    isHostUp: @escaping @Sendable (HostName) -> Bool = { _ in true }
  ) {
    self.store = store
    self.upstream = upstream
    self.time = time
    var configuration = Sessions.Configuration.defaults
    configuration.statusMaxAge = statusMaxAge
    configuration.verificationAge = verificationAge
    configuration.placement = placement
    configuration.isHostUp = isHostUp
    self.sessions = Sessions(
      store: store, upstream: upstream, peers: peers, time: time.source,
      configuration: configuration)
    self.sessions.observeChanges { [changes] in changes.append($0) }
  }

  /// A session of `user-1` that is stored, and that WAHA has when there is a status.
  func session(_ status: SessionStatus?) async throws -> OwnedSession {
    self.store.setRecord(.sample())
    self.upstream.setStatus(status, named: "s_test")
    return try await self.sessions.session(named: "s_test", of: try await makeCaller())
  }
}

/// What a caller sees of an error.
struct Seen: Equatable {
  var code: ErrorCode
  var reason: ErrorReason
  var message: String
  var retryAfter: Duration?

  init?(_ error: UserAPIError?) {
    guard let error else { return nil }
    self.code = error.code
    self.reason = error.reason
    self.message = error.message
    self.retryAfter = error.retryAfter
  }
}

extension UserAPIError {
  static let unreachable = UserAPIError(.upstreamUnavailable, "WAHA cannot be reached")
  static let storeDown = UserAPIError(.storeUnavailable, "the database does not answer")
}
