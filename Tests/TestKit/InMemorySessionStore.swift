package import SessionService
internal import NIOConcurrencyHelpers
package import UserAPI

/// Sessions in memory, by the contract of ``SessionStore``.
package final class InMemorySessionStore: SessionStore {
  package enum Step: Hashable, Sendable {
    case session, insert, place, sessions, setRemoval, setConnected, setPhoneNumber, groups
  }

  private struct State {
    var records: [String: SessionRecord] = [:]
    var groups: [String: [WhatsAppSession.Group]] = [:]

    /// How many sessions are connected on each host.
    func loads(apartFrom id: String) -> [HostName: Int] {
      self.records.values.filter { $0.isConnected && $0.id != id }
        .reduce(into: [:]) { $0[$1.host, default: 0] += 1 }
    }
  }

  package let script = Script<Step>()
  private let state = NIOLockedValueBox(State())

  package init() {}

  /// What is stored for a user, read past the script.
  package func record(ofUser userID: String) -> SessionRecord? {
    self.state.withLockedValue { $0.records[userID] }
  }

  package func setRecord(_ record: SessionRecord) {
    self.state.withLockedValue { $0.records[record.userID] = record }
  }

  package func setGroups(_ groups: [WhatsAppSession.Group], ofSession sessionID: String) {
    self.state.withLockedValue { $0.groups[sessionID] = groups }
  }

  package func session(ofUser userID: String) async throws(UserAPIError) -> SessionRecord? {
    try await self.script.run(.session) { self.record(ofUser: userID) }
  }

  package func insertSession(
    _ session: SessionRecord, on placement: HostPlacement
  ) async throws(UserAPIError) -> SessionRecord {
    try await self.script.run(.insert) { () throws(UserAPIError) -> SessionRecord in
      let stored = self.state.withLockedValue { state -> SessionRecord? in
        if let stored = state.records[session.userID] { return stored }
        guard let host = placement.choice(state.loads(apartFrom: session.id)) else { return nil }
        var session = session
        session.host = host
        state.records[session.userID] = session
        return session
      }
      guard let stored else { throw .noCapacity }
      return stored
    }
  }

  package func placeSession(
    _ session: SessionRecord, on placement: HostPlacement, at time: Timestamp
  ) async throws(UserAPIError) -> SessionRecord {
    try await self.script.run(.place) { () throws(UserAPIError) -> SessionRecord in
      let stored = self.state.withLockedValue { state -> SessionRecord? in
        guard var stored = state.records[session.userID] else { return nil }
        guard stored.host == session.host, stored.isConnected == session.isConnected else {
          return stored
        }
        guard let host = placement.choice(state.loads(apartFrom: session.id)) else { return nil }
        stored.host = host
        stored.isConnected = true
        stored.removal = nil
        stored.updatedAt = time
        state.records[session.userID] = stored
        return stored
      }
      guard let stored else { throw .noCapacity }
      return stored
    }
  }

  package func takeBackPlace(
    of placed: SessionRecord, to previous: SessionRecord?
  ) async throws(UserAPIError) {
    if Task.isCancelled { throw UserAPIError.canceled }
    self.state.withLockedValue { state in
      guard state.records[placed.userID] == placed else { return }
      state.records[placed.userID] = previous
    }
  }

  package func sessions(
    after id: String?, limit: Int
  ) async throws(UserAPIError) -> [SessionRecord] {
    try await self.script.run(.sessions) {
      self.state.withLockedValue { state in
        Array(
          state.records.values.filter { $0.id > id ?? "" }.sorted { $0.id < $1.id }.prefix(limit))
      }
    }
  }

  package func setRemoval(
    _ removal: SessionRemoval, sessionID: String, at time: Timestamp
  ) async throws(UserAPIError) {
    try await self.script.run(.setRemoval) {
      self.change(sessionID, at: time) { $0.removal = removal }
    }
  }

  package func setConnected(
    _ isConnected: Bool, sessionID: String, at time: Timestamp
  ) async throws(UserAPIError) {
    try await self.script.run(.setConnected) {
      self.change(sessionID, at: time) { record in
        record.isConnected = isConnected
        record.removal = nil
      }
    }
  }

  package func setPhoneNumber(
    _ number: PhoneNumber, sessionID: String, at time: Timestamp
  ) async throws(UserAPIError) {
    try await self.script.run(.setPhoneNumber) {
      self.change(sessionID, at: time) { $0.phoneNumber = number.e164 }
    }
  }

  package func groups(
    ofSession sessionID: String
  ) async throws(UserAPIError) -> [WhatsAppSession.Group] {
    try await self.script.run(.groups) { self.state.withLockedValue { $0.groups[sessionID] ?? [] } }
  }

  private func change(
    _ sessionID: String, at time: Timestamp, _ change: (inout SessionRecord) -> Void
  ) {
    self.state.withLockedValue { state in
      guard var record = state.records.values.first(where: { $0.id == sessionID }) else { return }
      change(&record)
      record.updatedAt = time
      state.records[record.userID] = record
    }
  }
}
