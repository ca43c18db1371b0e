internal import AuthService
internal import NIOConcurrencyHelpers
internal import UserAPI

/// WAHA for those whose proof of a session may be older than the session's place: who follows it for
/// long, or has kept it in memory while another replica placed it anew. A session that is not to be
/// seen on its host is looked up in the store, and asked for where that says it is. One that had
/// left its host before the host went from the settings is on none.
final class CurrentHosts: SessionUpstream {
  /// For how long it is remembered where a session went.
  private static let lifetime: Duration = .seconds(60)

  private let store: any SessionStore
  private let upstream: any SessionUpstream
  private let placement: HostPlacement
  private let now: @Sendable () -> ContinuousClock.Instant
  private let moved: NIOLockedValueBox<ExpiringCache<OwnedSession, OwnedSession>>

  /// - Parameter capacity: Of how many sessions it is remembered where they went.
  init(
    store: any SessionStore, upstream: any SessionUpstream, placement: HostPlacement,
    time: TimeSource, capacity: Int
  ) {
    self.store = store
    self.upstream = upstream
    self.placement = placement
    self.now = time.now
    self.moved = NIOLockedValueBox(ExpiringCache(lifetime: Self.lifetime, capacity: capacity))
  }

  /// The session, on the host where it was seen last.
  func current(_ session: OwnedSession) -> OwnedSession {
    let now = self.now()
    return self.moved.withLockedValue { $0.value(for: session, at: now) } ?? session
  }

  /// Where the store says that a session is which was not to be seen.
  private enum Place {
    case same
    case other(OwnedSession)
    case nowhere
  }

  private func place(
    of session: OwnedSession, besides known: OwnedSession
  ) async throws(UserAPIError) -> Place {
    guard let record = try await self.store.session(ofUser: session.userID),
      record.id == session.id
    else { return .same }
    if self.placement.hasLost(record) { return .nowhere }
    guard record.host != known.host else { return .same }
    let found = OwnedSession(record)
    let now = self.now()
    self.moved.withLockedValue { $0.store(found, for: session, at: now) }
    return .other(found)
  }

  func state(of session: OwnedSession) async throws(UserAPIError) -> SessionState? {
    let known = self.current(session)
    // There is nowhere else to look.
    if !self.placement.isSpread, self.placement.contains(known.host) {
      return try await self.upstream.state(of: known)
    }
    var failure: UserAPIError?
    do throws(UserAPIError) {
      if let state = try await self.upstream.state(of: known) { return state }
    } catch {
      guard error.code != .canceled else { throw error }
      failure = error
    }
    do throws(UserAPIError) {
      switch try await self.place(of: session, besides: known) {
      case .nowhere: return nil
      case .other(let found): return try await self.upstream.state(of: found)
      case .same: break
      }
    } catch {
      // How WAHA fails says more than a store that does.
      throw error.reason == .storeUnavailable ? failure ?? error : error
    }
    if let failure { throw failure }
    return nil
  }

  func verify(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.upstream.verify(self.current(session))
  }

  func create(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.upstream.create(self.current(session))
  }

  func start(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.upstream.start(self.current(session))
  }

  func restart(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.upstream.restart(self.current(session))
  }

  func logout(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.upstream.logout(self.current(session))
  }

  func delete(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.upstream.delete(self.current(session))
  }

  func qrCode(of session: OwnedSession) async throws(UserAPIError) -> [UInt8] {
    try await self.upstream.qrCode(of: self.current(session))
  }

  func qrText(of session: OwnedSession) async throws(UserAPIError) -> String {
    try await self.upstream.qrText(of: self.current(session))
  }

  func pairingCode(
    of session: OwnedSession, phoneNumber: PhoneNumber
  ) async throws(UserAPIError) -> PairingCode {
    try await self.upstream.pairingCode(of: self.current(session), phoneNumber: phoneNumber)
  }
}
