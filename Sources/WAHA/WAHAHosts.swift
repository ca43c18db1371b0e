package import DirectoryService
package import SessionService
package import UserAPI

/// The WAHA of each host, as the services need them together: whatever is asked for a session is
/// asked of the host on which the session is placed, and of no other.
package struct WAHAHosts: Sendable {
  package let names: [HostName]
  private let upstreams: [HostName: WAHAUpstream]

  /// - Parameter upstreams: Each with a name of its own, in the order of the setting.
  package init(_ upstreams: [(name: HostName, upstream: WAHAUpstream)]) {
    self.names = upstreams.map(\.name)
    self.upstreams = [HostName: WAHAUpstream](
      uniqueKeysWithValues: upstreams.map { ($0.name, $0.upstream) })
  }

  /// Nil for a host that is not configured.
  package subscript(name: HostName) -> WAHAUpstream? { self.upstreams[name] }

  private func host(of session: OwnedSession) throws(UserAPIError) -> WAHAUpstream {
    guard let upstream = self.upstreams[session.host] else {
      throw UserAPIError(
        .upstreamUnavailable,
        "the session is on a WAHA host that is not configured: \(session.host)")
    }
    return upstream
  }
}

extension WAHAHosts: SessionUpstream {
  package func state(of session: OwnedSession) async throws(UserAPIError) -> SessionState? {
    try await self.host(of: session).state(of: session)
  }

  package func verify(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.host(of: session).verify(session)
  }

  package func create(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.host(of: session).create(session)
  }

  package func start(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.host(of: session).start(session)
  }

  package func restart(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.host(of: session).restart(session)
  }

  package func logout(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.host(of: session).logout(session)
  }

  package func delete(_ session: OwnedSession) async throws(UserAPIError) {
    try await self.host(of: session).delete(session)
  }

  package func qrCode(of session: OwnedSession) async throws(UserAPIError) -> [UInt8] {
    try await self.host(of: session).qrCode(of: session)
  }

  package func qrText(of session: OwnedSession) async throws(UserAPIError) -> String {
    try await self.host(of: session).qrText(of: session)
  }

  package func pairingCode(
    of session: OwnedSession, phoneNumber: PhoneNumber
  ) async throws(UserAPIError) -> PairingCode {
    try await self.host(of: session).pairingCode(of: session, phoneNumber: phoneNumber)
  }
}

extension WAHAHosts: SessionHosts {
  /// What a host says, as a child task gives it back.
  private struct Answer: Sendable {
    let host: HostName
    let names: Result<Set<String>, UserAPIError>
  }

  private static func answer(of host: HostName, _ upstream: WAHAUpstream) async -> Answer {
    do throws(UserAPIError) {
      return Answer(host: host, names: .success(try await upstream.sessionNames()))
    } catch {
      return Answer(host: host, names: .failure(error))
    }
  }

  package func sessionNames() async throws(UserAPIError) -> [HostName: Set<String>] {
    let answers = await withTaskGroup(of: Answer.self) { group in
      for (host, upstream) in self.upstreams {
        group.addTask { await Self.answer(of: host, upstream) }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    var names: [HostName: Set<String>] = [:]
    var failure: UserAPIError?
    for answer in answers {
      switch answer.names {
      case .success(let namesOfHost): names[answer.host] = namesOfHost
      case .failure(let error):
        guard error.code != .canceled else { throw error }
        failure = error
      }
    }
    if names.isEmpty, let failure { throw failure }
    return names
  }
}

extension WAHAHosts: DirectoryUpstream {
  package func groups(
    of session: OwnedSession, _ take: (Group) -> Void
  ) async throws(UserAPIError) {
    try await self.host(of: session).groups(of: session, take)
  }

  package func contacts(
    of session: OwnedSession, _ take: (Contact) -> Void
  ) async throws(UserAPIError) {
    try await self.host(of: session).contacts(of: session, take)
  }
}
