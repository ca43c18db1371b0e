internal import AuthService
internal import NIOConcurrencyHelpers
internal import UserAPI

/// WAHA for those whose proof of a session may be older than the session's place: who follows it for
/// long, or has kept it in memory while another replica placed it anew. A session that is not to be
/// seen on its host is looked up in the store, and asked for where that says it is.
final class CurrentHosts: SessionUpstream {
  /// For how long it is remembered where a session went.
  private static let lifetime: Duration = .seconds(60)

  private let store: any SessionStore
  private let upstream: any SessionUpstream
  private let now: @Sendable () -> ContinuousClock.Instant
  private let moved: NIOLockedValueBox<ExpiringCache<OwnedSession, OwnedSession>>

  /// - Parameter capacity: Of how many sessions it is remembered where they went.
  init(
    store: any SessionStore, upstream: any SessionUpstream, time: TimeSource, capacity: Int
  ) {
    self.store = store
    self.upstream = upstream
    self.now = time.now
    self.moved = NIOLockedValueBox(ExpiringCache(lifetime: Self.lifetime, capacity: capacity))
  }

  /// The session, on the host where it was seen last.
  private func current(_ session: OwnedSession) -> OwnedSession {
    let now = self.now()
    return self.moved.withLockedValue { $0.value(for: session, at: now) } ?? session
  }

  /// The session on another host than that, where the store says so.
  private func move(
    of session: OwnedSession, from known: OwnedSession
  ) async throws(UserAPIError) -> OwnedSession? {
    guard let record = try await self.store.session(ofUser: session.userID),
      record.id == session.id, record.host != known.host
    else { return nil }
    let found = OwnedSession(record)
    let now = self.now()
    self.moved.withLockedValue { $0.store(found, for: session, at: now) }
    return found
  }

  func state(of session: OwnedSession) async throws(UserAPIError) -> SessionState? {
    let known = self.current(session)
    do throws(UserAPIError) {
      if let state = try await self.upstream.state(of: known) { return state }
    } catch {
      guard error.code != .canceled else { throw error }
      do throws(UserAPIError) {
        guard let found = try await self.move(of: session, from: known) else { throw error }
        return try await self.upstream.state(of: found)
      } catch let later {
        // How WAHA fails says more than a store that does.
        throw later.reason == .storeUnavailable ? error : later
      }
    }
    guard let found = try await self.move(of: session, from: known) else { return nil }
    return try await self.upstream.state(of: found)
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
