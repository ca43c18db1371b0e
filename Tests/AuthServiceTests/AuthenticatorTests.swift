import AuthService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct AuthenticatorTests {
  private let store = InMemoryTokenStore()
  private let time = ManualTime()
  private let authenticator: Authenticator
  private let tokens: TokenAdministration

  init() {
    self.authenticator = Authenticator(store: self.store, time: self.time.source)
    self.tokens = TokenAdministration(store: self.store, time: self.time.source)
  }

  private func failure(_ authorization: String?) async -> UserAPIError? {
    await TestKit.failure { () async throws(UserAPIError) in
      try await self.authenticator.authenticate(authorization)
    }
  }

  private func issue(
    role: Role = .user, lifetime: Duration? = nil
  ) async throws -> (header: String, token: IssuedToken) {
    let issued = try await self.tokens.issue(
      userID: "user-1", role: role, lifetime: lifetime)
    return ("Bearer " + issued.secret.rawValue, issued.token)
  }

  @Test(arguments: [Role.user, .admin])
  func `a token says who is calling`(role: Role) async throws {
    let issued = try await self.issue(role: role)
    let caller = try await self.authenticator.authenticate(issued.header)
    #expect(caller.userID == "user-1")
    #expect(caller.identity.role == role)
    #expect(caller.identity.proof == .token(id: issued.token.id))
  }

  @Test(arguments: ["bearer ", "BEARER ", "Bearer    "])
  func `the scheme is read in any case, with any number of spaces`(scheme: String) async throws {
    let header = try await self.issue().header.dropFirst("Bearer ".count)
    _ = try await self.authenticator.authenticate(scheme + header)
    _ = try await self.authenticator.authenticate(scheme + header + "  ")
  }

  @Test(arguments: [nil, "", " ", "Bearer", "Bearer ", "Bearer   ", "Basic dXNlcg==", "uapi_abc"])
  func `without a bearer token there is no caller`(authorization: String?) async throws {
    let error = await self.failure(authorization)
    #expect(error?.reason == .tokenMissing)
    #expect(error?.code == .unauthenticated)
    #expect(self.store.script.steps.isEmpty)
  }

  @Test(arguments: ["Bearer x", "Bearer UAPI_abc", "Bearer eyJhbGciOi.x.y", "Bearer \u{0} uapi_"])
  func `what cannot be a token is refused without a look into the store`(
    authorization: String
  ) async throws {
    #expect(await self.failure(authorization)?.reason == .tokenInvalid)
    #expect(self.store.script.steps.isEmpty)
  }

  @Test func `a token that was never issued is refused, and never remembered`() async throws {
    let header = "Bearer " + TokenSecret.generate().rawValue
    for count in 1...3 {
      let error = await self.failure(header)
      #expect(error?.reason == .tokenInvalid)
      #expect(error?.code == .unauthenticated)
      #expect(self.store.script.count(.token) == count)
    }
  }

  @Test func `a token that comes to be is valid at once`() async throws {
    let secret = TokenSecret.generate()
    #expect(await self.failure("Bearer " + secret.rawValue)?.reason == .tokenInvalid)
    try await self.store.insert(
      IssuedToken(
        id: "tok_1", digest: secret.digest, userID: "user-1", role: .user,
        createdAt: self.time.wallClock, expiresAt: nil))
    _ = try await self.authenticator.authenticate("Bearer " + secret.rawValue)
  }

  @Test func `a token is looked up once while it is hot`() async throws {
    let header = try await self.issue().header
    for _ in 0..<100 { _ = try await self.authenticator.authenticate(header) }
    self.time.advance(by: .milliseconds(499))
    _ = try await self.authenticator.authenticate(header)
    #expect(self.store.script.count(.token) == 1)
    self.time.advance(by: .milliseconds(1))
    _ = try await self.authenticator.authenticate(header)
    #expect(self.store.script.count(.token) == 2)
  }

  /// Asks without a task, and tells what came.
  private func answers(
    to headers: [String], while body: () async -> Void = {}
  ) async -> [Result<Identity, UserAPIError>] {
    let (answers, continuation) = AsyncStream.makeStream(of: Result<Identity, UserAPIError>.self)
    for header in headers {
      self.authenticator.identify(Credentials(authorization: header)) { continuation.yield($0) }
    }
    await body()
    var got: [Result<Identity, UserAPIError>] = []
    for await answer in answers {
      got.append(answer)
      if got.count == headers.count { break }
    }
    return got
  }

  @Test func `a token that many ask for at once is looked up once`() async throws {
    let header = try await self.issue().header
    self.store.script.hold(.token)
    let answers = await self.answers(to: Array(repeating: header, count: 100)) {
      await self.store.script.reached(.token)
      self.store.script.release(.token)
    }
    for answer in answers { #expect(try answer.get().id == "user-1") }
    #expect(self.store.script.count(.token) == 1)
  }

  @Test func `who asks without a task is refused like anybody`() async throws {
    let issued = try await self.issue()
    _ = try await self.tokens.revoke(id: issued.token.id)
    let made = "Bearer " + TokenSecret.generate().rawValue
    let reasons = await self.answers(to: [issued.header, made, "Basic x"]).map { answer in
      if case .failure(let error) = answer { error.reason } else { ErrorReason?.none }
    }
    #expect(Set(reasons) == [.tokenRevoked, .tokenInvalid, .tokenMissing])
  }

  @Test func `a token expires at its moment, hot or not`() async throws {
    let header = try await self.issue(lifetime: .milliseconds(100)).header
    _ = try await self.authenticator.authenticate(header)
    self.time.advance(by: .milliseconds(99))
    _ = try await self.authenticator.authenticate(header)
    self.time.advance(by: .milliseconds(1))
    let error = await self.failure(header)
    #expect(error?.reason == .tokenExpired)
    #expect(error?.code == .unauthenticated)
    #expect(self.store.script.count(.token) == 1)
    self.time.advance(by: .seconds(60))
    #expect(await self.failure(header)?.reason == .tokenExpired)
  }

  @Test func `a token that is taken back works no longer than it is remembered`() async throws {
    let issued = try await self.issue()
    _ = try await self.authenticator.authenticate(issued.header)
    #expect(try await self.tokens.revoke(id: issued.token.id))
    self.time.advance(by: .milliseconds(500))
    let error = await self.failure(issued.header)
    #expect(error?.reason == .tokenRevoked)
    #expect(error?.code == .unauthenticated)
    #expect(try await !self.tokens.revoke(id: "tok_none"))
  }

  @Test func `a token taken back while it is looked up is not remembered for longer`()
    async throws
  {
    let issued = try await self.issue()
    self.store.script.hold(.token)
    let call = Task.immediate { try await self.authenticator.authenticate(issued.header) }
    await self.store.script.reached(.token)
    self.time.advance(by: .milliseconds(400))
    self.store.script.release(.token)
    _ = try await call.value
    #expect(try await self.tokens.revoke(id: issued.token.id))
    self.time.advance(by: .milliseconds(100))
    #expect(await self.failure(issued.header)?.reason == .tokenRevoked)
  }

  @Test func `a guest is told to wait for approval`() async throws {
    let header = try await self.issue(role: .guest).header
    let error = await self.failure(header)
    #expect(error?.reason == .accountNotApproved)
    #expect(error?.code == .permissionDenied)
    #expect(error?.message == "Your account is not yet approved")
  }

  @Test func `a store that does not answer refuses nobody's token`() async throws {
    let header = try await self.issue().header
    self.store.script.failAll(with: UserAPIError(.storeUnavailable, "down"))
    #expect(await self.failure(header)?.reason == .storeUnavailable)
    self.store.script.failAll(with: nil)
    _ = try await self.authenticator.authenticate(header)
    self.store.script.failAll(with: UserAPIError(.storeUnavailable, "down"))
    _ = try await self.authenticator.authenticate(header)
    self.time.advance(by: .seconds(1))
    #expect(await self.failure(header)?.reason == .storeUnavailable)
  }

  @Test func `no error names the token`() async throws {
    let issued = try await self.issue(lifetime: .seconds(1))
    let secret = issued.header.dropFirst("Bearer uapi_".count)
    _ = try await self.authenticator.authenticate(issued.header)
    self.time.advance(by: .seconds(2))
    for header in [issued.header, "Bearer x" + secret, "Basic " + secret] {
      let error = try #require(await self.failure(header))
      var text = "\(error) \(String(reflecting: error))"
      dump(error, to: &text)
      #expect(!text.contains(secret))
    }
  }

  @Test func `whoever makes tokens up does not keep the store from those who have some`()
    async throws
  {
    var configuration = Authenticator.Configuration.defaults
    configuration.maxUnknownLookups = 3
    let authenticator = Authenticator(
      store: self.store, time: self.time.source, configuration: configuration)
    let header = try await self.issue().header
    _ = try await authenticator.authenticate(header)
    self.time.advance(by: .seconds(10))
    self.store.script.clear()
    self.store.script.hold(.token)
    let madeUp = (0..<4).map { "Bearer uapi_made-up-\($0)" }
    let waiting = madeUp.prefix(3).map { header in
      Task {
        await TestKit.failure { () async throws(UserAPIError) in
          try await authenticator.authenticate(header)
        }
      }
    }
    await self.store.script.reached(.token, times: 3)
    let refused = await TestKit.failure { () async throws(UserAPIError) in
      try await authenticator.authenticate(madeUp[3])
    }
    #expect(refused?.reason == .storeUnavailable)
    #expect(refused?.retryAfter == .seconds(1))
    let known = Task { try await authenticator.authenticate(header) }
    await self.store.script.reached(.token, times: 4)
    self.store.script.release(.token)
    #expect(try await known.value.userID == "user-1")
    for task in waiting { #expect(await task.value?.reason == .tokenInvalid) }
    // There is room again.
    let later = await TestKit.failure { () async throws(UserAPIError) in
      try await authenticator.authenticate(madeUp[3])
    }
    #expect(later?.reason == .tokenInvalid)
  }
}
