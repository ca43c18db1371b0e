import AuthService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct TokenStoreTests {
  @Test(arguments: Driver.allCases, Role.allCases)
  func `what is stored is found by its digest`(driver: Driver, role: Role) async throws {
    try await driver.withStores { stores async throws in
      let token = makeToken("tok_1", seed: 1, role: role, expiresAt: later)
      try await stores.tokens.insert(token)
      #expect(try await stores.tokens.token(digest: token.digest) == token)
      #expect(try await stores.tokens.token(digest: makeToken("x", seed: 2).digest) == nil)
    }
  }

  @Test(
    arguments: Driver.allCases,
    [
      nil, [], .sessionRead, [.directoryRead, .actAs],
      [.sessionRead, .sessionWrite, .directoryRead, .actAs],
    ] as [Scopes?])
  func `scopes are what they were, none or not said`(
    driver: Driver, scopes: Scopes?
  ) async throws {
    try await driver.withStores { stores async throws in
      let token = makeToken("tok_1", seed: 1, scopes: scopes, lastUsedAt: later)
      try await stores.tokens.insert(token)
      #expect(try await stores.tokens.token(digest: token.digest) == token)
      #expect(try await stores.tokens.token(id: "tok_1") == token)
      #expect(try await stores.tokens.token(id: "tok_2") == nil)
    }
  }

  @Test(arguments: Driver.allCases)
  func `a scope of a newer version allows nothing and breaks nothing`(
    driver: Driver
  ) async throws {
    try await driver.withStores { stores async throws in
      try await stores.tokens.insert(makeToken("tok_1", seed: 1))
      let rows: [(String, Scopes)] = [
        ("'session:read billing:write act-as'", [.sessionRead, .actAs]),
        ("'billing:write'", []), ("'SESSION:READ'", []), ("'session:read,act-as'", []),
        ("' session:read '", .sessionRead), ("''", []), ("'0'", []),
      ]
      for (value, scopes) in rows {
        try await stores.execute("UPDATE api_tokens SET scopes = \(value)")
        #expect(try await stores.tokens.token(id: "tok_1")?.scopes == scopes)
      }
    }
  }

  @Test(arguments: Driver.allCases)
  func `a last use only moves on`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      try await stores.tokens.insert(makeToken("tok_1", seed: 1))
      try await stores.tokens.insert(makeToken("tok_2", seed: 2))
      try await stores.tokens.insert(makeToken("tok_3", seed: 3))
      try await stores.tokens.recordUses(["tok_1": noon, "tok_2": later, "tok_9": noon])
      #expect(try await stores.tokens.tokens().map(\.lastUsedAt) == [noon, later, nil])
      try await stores.tokens.recordUses(["tok_1": later, "tok_2": noon, "tok_3": noon])
      #expect(try await stores.tokens.tokens().map(\.lastUsedAt) == [later, later, noon])
      try await stores.tokens.recordUses([:])
      #expect(try await stores.tokens.tokens().count == 3)
    }
  }

  @Test(arguments: Driver.allCases)
  func `a token takes another's place, which ends then or before`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      let now = noon.advanced(by: .seconds(-1))
      let ends: [(old: Timestamp?, overlap: Timestamp, is: Timestamp)] = [
        (nil, later, later), (later, noon, noon), (noon, later, noon), (nil, now, now),
      ]
      for (index, end) in ends.enumerated() {
        let seed = UInt8(index)
        try await stores.tokens.insert(
          makeToken("old_\(index)", seed: seed, expiresAt: end.old))
        let new = makeToken("new_\(index)", seed: 100 + seed, scopes: .actAs, expiresAt: later)
        let replacement = try await stores.tokens.replaceToken(
          id: "old_\(index)", with: new, endingAt: end.overlap, at: now)
        #expect(replacement == .replaced(until: end.is))
        #expect(try await stores.tokens.token(id: "old_\(index)")?.expiresAt == end.is)
        #expect(try await stores.tokens.token(id: "new_\(index)") == new)
      }
    }
  }

  @Test(arguments: Driver.allCases)
  func `nothing takes the place of a token that does not work`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      try await stores.tokens.insert(makeToken("revoked", seed: 1, expiresAt: noon))
      try await stores.tokens.insert(makeToken("expired", seed: 2, expiresAt: noon))
      #expect(try await stores.tokens.revokeToken(id: "revoked", at: noon))
      let before = try await stores.tokens.tokens()
      let cases: [(String, TokenReplacement)] = [
        ("revoked", .revoked), ("expired", .expired), ("none", .unknown),
      ]
      for (id, expected) in cases {
        let replacement = try await stores.tokens.replaceToken(
          id: id, with: makeToken("new", seed: 9), endingAt: later, at: noon)
        #expect(replacement == expected)
      }
      #expect(try await stores.tokens.tokens() == before)
    }
  }

  @Test(arguments: Driver.allCases)
  func `a token whose place cannot be taken goes on as it was`(driver: Driver) async throws {
    try await driver.withStores { stores async throws in
      try await stores.tokens.insert(makeToken("tok_1", seed: 1))
      let before = try await stores.tokens.tokens()
      let error = await failure { () async throws(UserAPIError) in
        try await stores.tokens.replaceToken(
          id: "tok_1", with: makeToken("tok_2", seed: 1), endingAt: later, at: noon)
      }
      #expect(error?.reason == .storeUnavailable)
      #expect(try await stores.tokens.tokens() == before)
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
