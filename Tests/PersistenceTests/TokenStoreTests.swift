import AuthService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(1))) struct TokenStoreTests {
  @Test(arguments: Driver.allCases, Role.allCases)
  func `what is stored is found by its digest`(driver: Driver, role: Role) async throws {
    try await driver.withStores { stores async throws in
      let token = makeToken("tok_1", seed: 1, role: role, expiresAt: later)
      try await stores.tokens.insert(token)
      #expect(try await stores.tokens.token(digest: token.digest) == token)
      #expect(try await stores.tokens.token(digest: makeToken("x", seed: 2).digest) == nil)
    }
  }

  @Test(arguments: Driver.allCases)
  func `tokens come oldest first`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      #expect(try await stores.tokens.tokens().isEmpty)
      try await stores.tokens.insert(makeToken("b", seed: 1, createdAt: later))
      try await stores.tokens.insert(makeToken("c", seed: 2))
      try await stores.tokens.insert(makeToken("a", seed: 3, createdAt: later))
      #expect(try await stores.tokens.tokens().map(\.id) == ["c", "a", "b"])
    }
  }

  @Test(arguments: Driver.allCases)
  func `a token is taken back once and keeps the time`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      let token = makeToken("tok_1", seed: 1)
      try await stores.tokens.insert(token)
      try await stores.tokens.insert(makeToken("tok_2", seed: 2))
      #expect(try await stores.tokens.revokeToken(id: "tok_1", at: noon))
      #expect(try await stores.tokens.revokeToken(id: "tok_1", at: later))
      #expect(try await !stores.tokens.revokeToken(id: "tok_9", at: noon))
      #expect(try await stores.tokens.tokens().map(\.revokedAt) == [noon, nil])
      #expect(try await stores.tokens.token(digest: token.digest)?.revokedAt == noon)
    }
  }

  @Test(arguments: Driver.allCases)
  func `no two tokens share an id or a digest`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      try await stores.tokens.insert(makeToken("tok_1", seed: 1))
      for taken in [makeToken("tok_1", seed: 2), makeToken("tok_2", seed: 1)] {
        let error = await failure { () async throws(UserAPIError) in
          try await stores.tokens.insert(taken)
        }
        #expect(error?.reason == .storeUnavailable)
      }
      #expect(try await stores.tokens.tokens().count == 1)
    }
  }

  @Test(arguments: Driver.allCases)
  func `the real authenticator works on the store`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      let time = ManualTime().source
      let authenticator = Authenticator(store: stores.tokens, time: time)
      let tokens = TokenAdministration(store: stores.tokens, time: time)
      let issued = try await tokens.issue(
        userID: "user-1", role: .user, lifetime: .seconds(60))
      let caller = try await authenticator.authenticate("Bearer " + issued.secret.rawValue)
      #expect(caller.userID == "user-1")
      #expect(try await tokens.tokens() == [issued.token])
    }
  }
}
