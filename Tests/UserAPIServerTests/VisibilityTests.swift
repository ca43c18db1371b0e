import AuthService
import TestKit
import Testing
import UserAPI
import UserAPIClient

/// What a caller who may do less is not shown.
@Suite(.timeLimit(.minutes(10))) struct VisibilityTests {
  @Test(
    arguments: [
      (Scopes.sessionRead, 0), ([.sessionRead, .directoryRead], 1),
    ] as [(Scopes, Int)])
  func `groups are for those who may read the directory`(scopes: Scopes, count: Int) async throws {
    try await CallPort.with { port in
      port.upstream.setStatus(.working, named: "s_test")
      port.store.setGroups(
        [WhatsAppSession.Group(id: "g1", groupName: "Family", groupId: "1@g.us", campaigns: [])],
        ofSession: "id-user-1")
      let token = try await port.tokens.issue(
        userID: "user-1", role: .user, scopes: scopes, lifetime: nil)
      let client = try UserAPIClient(
        configuration: UserAPIClient.Configuration(url: port.url, token: token.secret.rawValue))
      #expect(try await client.getWhatsAppSession()?.groups.count == count)
      await client.close()
    }
  }
}
