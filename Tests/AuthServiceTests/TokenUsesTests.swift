import AuthService
import TestKit
import Testing
import UserAPI

@Suite(.timeLimit(.minutes(10))) struct TokenUsesTests {
  private let store = InMemoryTokenStore()
  private let time = ManualTime()
  private let uses = TokenUses()
  private let authenticator: Authenticator
  private let tokens: TokenAdministration
  private static let down = UserAPIError(.storeUnavailable, "down")

  init() {
    self.authenticator = Authenticator(
      store: self.store, time: self.time.source, uses: self.uses)
    self.tokens = TokenAdministration(store: self.store, time: self.time.source)
  }

  private func issue(lifetime: Duration? = nil) async throws -> (header: String, id: String) {
    let issued = try await self.tokens.issue(userID: "user-1", role: .user, lifetime: lifetime)
    return ("Bearer " + issued.secret.rawValue, issued.token.id)
  }

  private func insert(_ count: Int) async throws -> [String] {
    var ids: [String] = []
    for _ in 0..<count { ids.append(try await self.issue().id) }
    return ids
  }

  private func lastUse(_ id: String) async throws -> Timestamp? {
    try await self.store.token(id: id)?.lastUsedAt
  }

  @Test func `a call notes the use and writes nothing`() async throws {
    let issued = try await self.issue()
    self.time.advance(by: .seconds(5))
    for _ in 0..<1_000 { _ = try await self.authenticator.authenticate(issued.header) }
    #expect(self.store.script.count(.recordUses) == 0)
    #expect(try await self.lastUse(issued.id) == nil)
    try await self.uses.flush(to: self.store)
    #expect(self.store.script.count(.recordUses) == 1)
    #expect(try await self.lastUse(issued.id) == self.time.wallClock)
  }

  @Test func `a use is noted at each look into the store`() async throws {
    let issued = try await self.issue()
    _ = try await self.authenticator.authenticate(issued.header)
    self.time.advance(by: .seconds(1))
    _ = try await self.authenticator.authenticate(issued.header)
    try await self.uses.flush(to: self.store)
    #expect(try await self.lastUse(issued.id) == self.time.wallClock)
  }

  @Test func `a token that was refused was not used`() async throws {
    let revoked = try await self.issue()
    let expired = try await self.issue(lifetime: .seconds(1))
    _ = try await self.tokens.revoke(id: revoked.id)
    self.time.advance(by: .seconds(1))
    for header in [revoked.header, expired.header, "Bearer " + TokenSecret.generate().rawValue] {
      let error = await failure { () async throws(UserAPIError) in
        try await self.authenticator.authenticate(header)
      }
      #expect(error?.code == .unauthenticated)
    }
    try await self.uses.flush(to: self.store)
    #expect(self.store.script.count(.recordUses) == 0)
  }

  @Test func `what is written down is not written again`() async throws {
    let id = try await self.issue().id
    self.uses.note(id, at: self.time.wallClock)
    try await self.uses.flush(to: self.store)
    try await self.uses.flush(to: self.store)
    #expect(self.store.script.count(.recordUses) == 1)
  }

  @Test func `the latest use counts, in whatever order they come`() async throws {
    let id = try await self.issue().id
    let now = self.time.wallClock
    self.uses.note(id, at: now)
    self.uses.note(id, at: now.advanced(by: .seconds(2)))
    self.uses.note(id, at: now.advanced(by: .seconds(1)))
    try await self.uses.flush(to: self.store)
    #expect(try await self.lastUse(id) == now.advanced(by: .seconds(2)))
  }

  @Test func `what the store does not take is kept for the next time`() async throws {
    let ids = try await self.insert(3)
    let now = self.time.wallClock
    for id in ids { self.uses.note(id, at: now) }
    self.store.script.fail(with: Self.down)
    let error = await failure { () async throws(UserAPIError) in
      try await self.uses.flush(to: self.store)
    }
    #expect(error?.reason == .storeUnavailable)
    for id in ids { #expect(try await self.lastUse(id) == nil) }
    self.uses.note(ids[0], at: now.advanced(by: .seconds(1)))
    try await self.uses.flush(to: self.store)
    #expect(try await self.lastUse(ids[0]) == now.advanced(by: .seconds(1)))
    for id in ids.dropFirst() { #expect(try await self.lastUse(id) == now) }
  }

  @Test func `a use that comes while it is written is written the next time`() async throws {
    let id = try await self.issue().id
    let now = self.time.wallClock
    self.uses.note(id, at: now)
    self.store.script.hold(.recordUses)
    let flush = Task { try await self.uses.flush(to: self.store) }
    await self.store.script.reached(.recordUses)
    self.uses.note(id, at: now.advanced(by: .seconds(1)))
    self.store.script.release(.recordUses)
    try await flush.value
    #expect(try await self.lastUse(id) == now)
    try await self.uses.flush(to: self.store)
    #expect(try await self.lastUse(id) == now.advanced(by: .seconds(1)))
  }

  @Test func `many are written a thousand at once`() async throws {
    let ids = try await self.insert(2_500)
    for id in ids { self.uses.note(id, at: self.time.wallClock) }
    // The first thousand are done, the rest are kept.
    self.store.script.fail(at: 1, with: Self.down)
    _ = await failure { () async throws(UserAPIError) in
      try await self.uses.flush(to: self.store)
    }
    #expect(try await self.tokens.tokens().count { $0.lastUsedAt != nil } == 1_000)
    self.store.script.clear()
    try await self.uses.flush(to: self.store)
    #expect(self.store.script.count(.recordUses) == 2)
    #expect(try await self.tokens.tokens().allSatisfy { $0.lastUsedAt != nil })
  }

  @Test func `no more tokens are kept than there is room for`() async throws {
    let uses = TokenUses(capacity: 2)
    let ids = try await self.insert(3)
    let now = self.time.wallClock
    for id in ids { uses.note(id, at: now) }
    // One that is kept goes on being noted.
    uses.note(ids[0], at: now.advanced(by: .seconds(1)))
    try await uses.flush(to: self.store)
    #expect(try await self.lastUse(ids[0]) == now.advanced(by: .seconds(1)))
    #expect(try await self.lastUse(ids[1]) == now)
    #expect(try await self.lastUse(ids[2]) == nil)
    // There is room again.
    uses.note(ids[2], at: now)
    try await uses.flush(to: self.store)
    #expect(try await self.lastUse(ids[2]) == now)
  }

  @Test func `many threads may note at once`() async throws {
    let ids = try await self.insert(50)
    let now = self.time.wallClock
    let uses = self.uses
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for (index, id) in ids.enumerated() {
            uses.note(id, at: now.advanced(by: .seconds((index + task) % 8)))
          }
        }
      }
    }
    try await self.uses.flush(to: self.store)
    let latest = now.advanced(by: .seconds(7))
    #expect(try await self.tokens.tokens().allSatisfy { $0.lastUsedAt == latest })
  }
}
