import AuthService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct TokenRotationTests {
  private let store = InMemoryTokenStore()
  private let time = ManualTime()
  private let authenticator: Authenticator
  private let tokens: TokenAdministration

  init() {
    self.authenticator = Authenticator(store: self.store, time: self.time.source)
    self.tokens = TokenAdministration(store: self.store, time: self.time.source)
  }

  private func reason(_ secret: TokenSecret) async -> ErrorReason? {
    await failure { () async throws(UserAPIError) in
      try await self.authenticator.authenticate("Bearer " + secret.rawValue)
    }?.reason
  }

  private func rotationFailure(
    _ id: String, overlap: Duration = .seconds(60), lifetime: Duration? = nil
  ) async -> UserAPIError? {
    await failure { () async throws(UserAPIError) in
      try await self.tokens.rotate(id: id, overlap: overlap, lifetime: lifetime)
    }
  }

  @Test func `both work until the overlap is over, then the new one alone`() async throws {
    let old = try await self.tokens.issue(userID: "user-1", role: .user, lifetime: nil)
    let new = try await self.tokens.rotate(
      id: old.token.id, overlap: .seconds(60), lifetime: .seconds(3_600))
    #expect(new.oldEndsAt == self.time.wallClock.advanced(by: .seconds(60)))
    #expect(new.token.expiresAt == self.time.wallClock.advanced(by: .seconds(3_600)))
    self.time.advance(by: .milliseconds(59_999))
    #expect(await self.reason(old.secret) == nil)
    #expect(await self.reason(new.secret) == nil)
    self.time.advance(by: .milliseconds(1))
    #expect(await self.reason(old.secret) == .tokenExpired)
    #expect(await self.reason(new.secret) == nil)
  }

  @Test func `a rotation without overlap ends the old one as soon as it is looked up`()
    async throws
  {
    let old = try await self.tokens.issue(userID: "user-1", role: .user, lifetime: nil)
    #expect(await self.reason(old.secret) == nil)
    let new = try await self.tokens.rotate(id: old.token.id, overlap: .zero, lifetime: nil)
    #expect(new.oldEndsAt == self.time.wallClock)
    self.time.advance(by: .milliseconds(500))
    #expect(await self.reason(old.secret) == .tokenExpired)
    #expect(await self.reason(new.secret) == nil)
  }

  @Test(arguments: [nil, [], [.sessionRead, .actAs]] as [Scopes?], [Role.guest, .service])
  func `the new one is of the same user, role and scopes`(
    scopes: Scopes?, role: Role
  ) async throws {
    let old = try await self.tokens.issue(
      userID: "billing", role: role, scopes: scopes, lifetime: .seconds(90))
    let new = try await self.tokens.rotate(id: old.token.id, overlap: .zero, lifetime: nil)
    #expect(new.token.userID == "billing")
    #expect(new.token.role == role)
    #expect(new.token.scopes == scopes)
    #expect(new.token.expiresAt == nil)
    #expect(new.token.id != old.token.id)
    #expect(new.token.digest == new.secret.digest)
    #expect(new.secret.rawValue != old.secret.rawValue)
    #expect(try await self.store.token(id: new.token.id) == new.token)
  }

  @Test func `an overlap lengthens nothing`() async throws {
    let old = try await self.tokens.issue(
      userID: "user-1", role: .user, lifetime: .seconds(30))
    let new = try await self.tokens.rotate(
      id: old.token.id, overlap: .seconds(60), lifetime: nil)
    #expect(new.oldEndsAt == old.token.expiresAt)
    #expect(try await self.store.token(id: old.token.id)?.expiresAt == old.token.expiresAt)
  }

  @Test func `what does not work any more is not rotated, and the error says why`() async throws {
    let revoked = try await self.tokens.issue(userID: "user-1", role: .user, lifetime: nil).token
    let expired = try await self.tokens.issue(
      userID: "user-1", role: .user, lifetime: .seconds(1)
    ).token
    #expect(try await self.tokens.revoke(id: revoked.id))
    self.time.advance(by: .seconds(1))
    let stored = try await self.tokens.tokens()
    let cases: [(String, ErrorReason)] = [
      (revoked.id, .tokenRevoked), (expired.id, .tokenExpired), ("tok_none", .tokenInvalid),
    ]
    for (id, reason) in cases {
      let error = await self.rotationFailure(id)
      #expect(error?.reason == reason)
      #expect(error?.message.contains(id) == true)
    }
    #expect(try await self.tokens.tokens() == stored)
  }

  @Test func `a token taken back while it is rotated is not`() async throws {
    let old = try await self.tokens.issue(userID: "user-1", role: .user, lifetime: nil).token
    self.store.script.hold(.replace)
    let rotation = Task { await self.rotationFailure(old.id) }
    await self.store.script.reached(.replace)
    #expect(try await self.tokens.revoke(id: old.id))
    self.store.script.release(.replace)
    #expect(await rotation.value?.reason == .tokenRevoked)
    #expect(try await self.tokens.tokens().count == 1)
  }

  @Test func `a time that makes no sense is refused before anything is stored`() async throws {
    let longest = TokenAdministration.maximumLifetime
    let issued = try await self.tokens.issue(userID: "user-1", role: .user, lifetime: longest)
    let tooLong = longest + .milliseconds(1)
    for lifetime in [.zero, .milliseconds(-1), tooLong] as [Duration] {
      let error = await failure { () async throws(UserAPIError) in
        try await self.tokens.issue(userID: "user-1", role: .user, lifetime: lifetime)
      }
      #expect(error?.reason == .invalidField)
      #expect(
        await self.rotationFailure(issued.token.id, lifetime: lifetime)?.reason == .invalidField)
    }
    for overlap in [.milliseconds(-1), tooLong] as [Duration] {
      #expect(
        await self.rotationFailure(issued.token.id, overlap: overlap)?.reason == .invalidField)
    }
    #expect(try await self.tokens.tokens() == [issued.token])
  }
}
