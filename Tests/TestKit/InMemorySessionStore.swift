package import SessionService
internal import NIOConcurrencyHelpers
package import UserAPI

/// Sessions in memory, by the contract of ``SessionStore``.
package final class InMemorySessionStore: SessionStore {
  package enum Step: Hashable, Sendable {
    case session, insert, sessions, setRemoval, setConnected, setPhoneNumber, groups
  }

  private struct State {
    var records: [String: SessionRecord] = [:]
    var groups: [String: [WhatsAppSession.Group]] = [:]
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
    _ session: SessionRecord
  ) async throws(UserAPIError) -> SessionRecord {
    try await self.script.run(.insert) {
      self.state.withLockedValue { state in
        let stored = state.records[session.userID] ?? session
        state.records[session.userID] = stored
        return stored
      }
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
