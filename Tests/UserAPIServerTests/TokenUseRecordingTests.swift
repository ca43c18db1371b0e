import AuthService
import Logging
import TestKit
import Testing
import UserAPI

@testable import UserAPIServer

@Suite(.timeLimit(.minutes(10))) struct TokenUseRecordingTests {
  private let store = InMemoryTokenStore()
  private let time = ManualTime()
  private let uses = TokenUses()

  private func issue() async throws -> String {
    try await TokenAdministration(store: self.store, time: self.time.source)
      .issue(userID: "user-1", role: .user, lifetime: nil).token.id
  }

  private func run() -> Task<Void, any Error> {
    let recording = TokenUseRecording(
      uses: self.uses, store: self.store, time: self.time.source,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return Task { try await recording.run() }
  }

  @Test func `uses are written down every minute and at the end`() async throws {
    let id = try await self.issue()
    let first = self.time.wallClock
    self.uses.note(id, at: first)
    let running = self.run()
    await self.time.slept()
    #expect(self.time.naps == [.seconds(60)])
    self.time.advance(by: .seconds(60))
    await self.time.slept(times: 2)
    #expect(try await self.store.token(id: id)?.lastUsedAt == first)
    self.uses.note(id, at: self.time.wallClock)
    running.cancel()
    try await running.value
    #expect(try await self.store.token(id: id)?.lastUsedAt == self.time.wallClock)
  }

  @Test func `a store that is down for a minute gets them the next`() async throws {
    let id = try await self.issue()
    let first = self.time.wallClock
    self.uses.note(id, at: first)
    self.store.script.failAll(with: UserAPIError(.storeUnavailable, "down"))
    let running = self.run()
    await self.time.slept()
    self.time.advance(by: .seconds(60))
    await self.time.slept(times: 2)
    self.store.script.failAll(with: nil)
    self.time.advance(by: .seconds(60))
    await self.time.slept(times: 3)
    #expect(try await self.store.token(id: id)?.lastUsedAt == first)
    running.cancel()
    try await running.value
  }
}
