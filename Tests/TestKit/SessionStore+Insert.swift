package import SessionService
package import UserAPI

extension SessionStore {
  /// Stores the session on the host that it says, unless its user has one.
  package func insertSession(
    _ session: SessionRecord
  ) async throws(UserAPIError) -> SessionRecord {
    let host = HostPlacement.Host(name: session.host)
    return try await self.insertSession(session, on: HostPlacement(hosts: [host]))
  }
}
