package import DirectoryService
package import SessionService
internal import NIOConcurrencyHelpers
package import UserAPI

/// A small WAHA, or several: sessions with a status, and one address book. It stops the test when it is asked
/// for what the service must never do.
package final class ScriptedUpstream: SessionUpstream, SessionHosts, DirectoryUpstream {
  package enum Step: Hashable, Sendable {
    case status, verify, create, start, restart, logout, delete, qrCode, qrText, pairingCode,
      sessions, groups, contacts
  }

  private struct State {
    var statuses: [String: SessionStatus] = [:]
    /// On which host they are; on any where it says nothing.
    var hosts: [String: HostName] = [:]
    var silentHosts: Set<HostName> = []
    var linked: Set<String> = []
    var account: String? = "15550000000@c.us"
    var code = "2@first"
    var pairingCodes = 0
    var phoneNumbers: [PhoneNumber] = []
    var isDead = false
    var startsInto = SessionStatus.working
    var refusesLogout = false
    var groups: [Group] = []
    var contacts: [Contact] = []

    /// How the session is on its host.
    func status(of session: OwnedSession) -> SessionStatus? {
      let host = self.hosts[session.name] ?? session.host
      return host == session.host ? self.statuses[session.name] : nil
    }
  }

  package let script = Script<Step>()
  private let state = NIOLockedValueBox(State())

  package init() {}

  // MARK: What the test does

  /// How the session is; nil when there is none.
  package func status(named name: String) -> SessionStatus? {
    self.state.withLockedValue { $0.statuses[name] }
  }

  /// Puts the session into a state; nil removes it, as if it had never been.
  package func setStatus(_ status: SessionStatus?, named name: String) {
    self.state.withLockedValue { state in
      state.statuses[name] = status
      if status == .working { state.linked.insert(name) }
      if status == nil { state.linked.remove(name) }
    }
  }

  /// Puts the session on a host; nil is any.
  package func setHost(_ host: HostName?, named name: String) {
    self.state.withLockedValue { $0.hosts[name] = host }
  }

  /// Where the session was made last, or was put.
  package func host(named name: String) -> HostName? {
    self.state.withLockedValue { $0.hosts[name] }
  }

  /// Lets these hosts answer nothing.
  package func setSilent(_ hosts: Set<HostName>) {
    self.state.withLockedValue { $0.silentHosts = hosts }
  }

  /// Whether a phone has the session among its linked devices.
  package func isLinked(_ name: String) -> Bool {
    self.state.withLockedValue { $0.linked.contains(name) }
  }

  /// Lets the sessions do nothing, whatever their status says.
  package func setDead(_ isDead: Bool) { self.state.withLockedValue { $0.isDead = isDead } }

  /// Lets every logout fail, after which a session may be deleted with its phone.
  package func setRefusesLogout(_ refuses: Bool) {
    self.state.withLockedValue { $0.refusesLogout = refuses }
  }

  /// How a session is once it has been started or restarted. Default: it works.
  package func setStartsInto(_ status: SessionStatus) {
    self.state.withLockedValue { $0.startsInto = status }
  }

  /// Lets the sessions that wait for a scan show another code.
  package func setCode(_ text: String) { self.state.withLockedValue { $0.code = text } }

  /// For which phones codes to type were made.
  package var phoneNumbers: [PhoneNumber] { self.state.withLockedValue { $0.phoneNumbers } }

  /// Whose phone is linked to the sessions; nil while WAHA does not know.
  package func setAccount(_ account: String?) {
    self.state.withLockedValue { $0.account = account }
  }

  /// The names of all sessions.
  package var names: Set<String> { self.state.withLockedValue { Set($0.statuses.keys) } }

  package func setGroups(_ groups: [Group]) { self.state.withLockedValue { $0.groups = groups } }

  package func setContacts(_ contacts: [Contact]) {
    self.state.withLockedValue { $0.contacts = contacts }
  }

  // MARK: What the service asks

  package func state(of session: OwnedSession) async throws(UserAPIError) -> SessionState? {
    // A held answer says how things were when it was asked for.
    let answer = self.state.withLockedValue { state in
      state.status(of: session).map { status in
        SessionState(
          status: status,
          account: state.linked.contains(session.name)
            ? state.account.map(SessionAccount.init) : nil)
      }
    }
    return try await self.script.run(.status) { () throws(UserAPIError) -> SessionState? in
      try self.requireAnswer(of: session.host)
      return answer
    }
  }

  package func verify(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.script.run(.verify) { () throws(UserAPIError) in
      try self.requireWorking(session)
      guard !self.state.withLockedValue({ $0.isDead }) else {
        throw UserAPIError(.upstreamUnavailable, "the session is dead")
      }
    }
  }

  package func create(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.script.run(.create) { () throws(UserAPIError) in
      try self.requireAnswer(of: session.host)
      self.state.withLockedValue { state in
        precondition(
          state.statuses[session.name] == nil || state.status(of: session) != nil,
          "the session is on another host")
        state.hosts[session.name] = session.host
        state.statuses[session.name] = state.statuses[session.name] ?? .starting
      }
    }
  }

  package func start(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.script.run(.start) { () throws(UserAPIError) in
      // WAHA takes it for success and changes nothing, so a session that failed stays down.
      precondition(
        self.status(named: session.name) != .failed, "start does not leave FAILED; restart does")
      let status = self.state.withLockedValue { $0.startsInto }
      try self.change(session) { $0 == .stopped ? status : $0 }
    }
  }

  package func restart(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.script.run(.restart) { () throws(UserAPIError) in
      let status = self.state.withLockedValue { $0.startsInto }
      try self.change(session) { _ in status }
    }
  }

  package func logout(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.script.run(.logout) { () throws(UserAPIError) in
      guard !self.state.withLockedValue({ $0.refusesLogout }) else {
        throw UserAPIError(.upstreamInvalidResponse, "the page is gone")
      }
      self.state.withLockedValue { state in
        // WAHA can unlink only what runs.
        guard let status = state.status(of: session) else { return }
        if status != .stopped { state.linked.remove(session.name) }
        state.statuses[session.name] = .starting
      }
    }
  }

  package func delete(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.script.run(.delete) {
      self.state.withLockedValue { state in
        precondition(
          !state.linked.contains(session.name) || state.refusesLogout,
          "deleting leaves the device linked on the phone")
        if state.status(of: session) != nil { state.statuses[session.name] = nil }
      }
    }
  }

  package func qrCode(of session: OwnedSession) async throws(UserAPIError) -> [UInt8] {
    try await self.script.run(.qrCode) { () throws(UserAPIError) -> [UInt8] in
      [0x89, 0x50, 0x4E, 0x47] + Array(try self.code(of: session).utf8)
    }
  }

  package func sessionNames() async throws(UserAPIError) -> [HostName: Set<String>] {
    try await self.script.run(.sessions) {
      self.state.withLockedValue { state in
        // One that has no session answers too.
        var names = [HostName.default: Set<String>()]
        for host in state.hosts.values { names[host] = [] }
        for name in state.statuses.keys {
          names[state.hosts[name] ?? .default, default: []].insert(name)
        }
        return names.filter { !state.silentHosts.contains($0.key) }
      }
    }
  }

  package func qrText(of session: OwnedSession) async throws(UserAPIError) -> String {
    try await self.script.run(.qrText) { () throws(UserAPIError) -> String in
      try self.code(of: session)
    }
  }

  /// A code to type: `CODE-0001`, then `CODE-0002` and so on.
  package func pairingCode(
    of session: OwnedSession, phoneNumber: PhoneNumber
  ) async throws(UserAPIError) -> PairingCode {
    try await self.script.run(.pairingCode) { () throws(UserAPIError) -> PairingCode in
      _ = try self.code(of: session)
      let number = self.state.withLockedValue { state in
        state.pairingCodes += 1
        state.phoneNumbers.append(phoneNumber)
        return state.pairingCodes
      }
      let digits = String(number)
      let code = PairingCode("CODE-" + String(repeating: "0", count: 4 - digits.count) + digits)
      guard let code else { preconditionFailure("it is a code") }
      return code
    }
  }

  private func code(of session: OwnedSession) throws(UserAPIError) -> String {
    switch self.state.withLockedValue({ $0.status(of: session) }) {
    case nil: throw Self.missing
    case .some(.scanQRCode): return self.state.withLockedValue { $0.code }
    case .some: throw UserAPIError(.sessionNotAwaitingScan, "no code")
    }
  }

  package func groups(
    of session: OwnedSession, _ take: (Group) -> Void
  ) async throws(UserAPIError) {
    let groups = try await self.script.run(.groups) { () throws(UserAPIError) -> [Group] in
      try self.requireWorking(session)
      return self.state.withLockedValue { $0.groups }
    }
    groups.forEach(take)
  }

  package func contacts(
    of session: OwnedSession, _ take: (Contact) -> Void
  ) async throws(UserAPIError) {
    let contacts = try await self.script.run(.contacts) { () throws(UserAPIError) -> [Contact] in
      try self.requireWorking(session)
      return self.state.withLockedValue { $0.contacts }
    }
    contacts.forEach(take)
  }

  private func requireWorking(_ session: OwnedSession) throws(UserAPIError) {
    guard self.state.withLockedValue({ $0.status(of: session) }) == .working else {
      throw UserAPIError(.sessionNotWorking, "not working")
    }
  }

  private func change(
    _ session: OwnedSession, _ change: (SessionStatus) -> SessionStatus
  ) throws(UserAPIError) {
    try self.requireAnswer(of: session.host)
    let isKnown = self.state.withLockedValue { state in
      guard let status = state.status(of: session) else { return false }
      state.statuses[session.name] = change(status)
      return true
    }
    guard isKnown else { throw Self.missing }
  }

  private func requireAnswer(of host: HostName) throws(UserAPIError) {
    guard !self.state.withLockedValue({ $0.silentHosts.contains(host) }) else {
      throw UserAPIError(.upstreamUnavailable, "the host does not answer")
    }
  }

  private static var missing: UserAPIError {
    UserAPIError(.sessionMissingUpstream, "WAHA does not have it")
  }
}
