package import AuthService
package import SessionService
package import UserAPI

/// A caller, as the real authenticator makes one of a token that it issued.
package func makeCaller(
  _ userID: String = "user-1", role: Role = .user
) async throws(UserAPIError) -> Caller {
  let (store, time) = (InMemoryTokenStore(), ManualTime().source)
  let authenticator = Authenticator(store: store, time: time)
  let issued = try await TokenAdministration(store: store, time: time).issue(
    userID: userID, role: role, lifetime: nil)
  return try await authenticator.authenticate("Bearer " + issued.secret.rawValue)
}

extension Authenticator {
  /// Who calls by that header, let in to a procedure that everybody may call.
  package func authenticate(
    _ authorization: String?, certificate: ClientCertificate? = nil
  ) async throws(UserAPIError) -> Caller {
    try await self.identify(Credentials(authorization: authorization, certificate: certificate))
      .caller(of: .getWhatsAppSession)
  }
}

/// A session, as the real service finds the one that its caller owns.
package func makeOwnedSession(
  named name: String = "s_test", userID: String = "user-1", host: HostName = .default
) async throws(UserAPIError) -> OwnedSession {
  let store = InMemorySessionStore()
  store.setRecord(.sample(name: name, userID: userID, host: host))
  let sessions = Sessions(store: store, upstream: ScriptedUpstream(), time: ManualTime().source)
  return try await sessions.session(named: name, of: try await makeCaller(userID))
}

extension SessionRecord {
  /// A session whose id is made of its user's.
  package static func sample(
    name: String = "s_test", userID: String = "user-1", host: HostName = .default,
    isConnected: Bool = true
  ) -> SessionRecord {
    let time = Timestamp(millisecondsSinceEpoch: 1_769_850_300_000)
    return SessionRecord(
      id: "id-" + userID, name: name, userID: userID, host: host,
      isConnected: isConnected, createdAt: time, updatedAt: time)
  }
}

/// What `body` fails with; nil when it does not fail.
package func failure<Value>(
  of body: () async throws(UserAPIError) -> Value
) async -> UserAPIError? {
  do throws(UserAPIError) {
    _ = try await body()
    return nil
  } catch {
    return error
  }
}

extension Task where Success: Sendable, Failure == any Error {
  /// What the task fails with; nil when it does not fail with an error of the API.
  package var failure: UserAPIError? {
    get async {
      if case .failure(let error) = await self.result { return error as? UserAPIError }
      return nil
    }
  }
}

/// The number of somebody's phone.
package let samplePhoneNumber: PhoneNumber = {
  guard let number = PhoneNumber("+1 555 123-4567") else {
    preconditionFailure("it is a phone number")
  }
  return number
}()
