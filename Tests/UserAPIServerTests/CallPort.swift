import AuthService
import DirectoryService
import Logging
import NIOPosix
import SessionService
import TestKit
import Testing
import UserAPI
import UserAPIClient

@testable import UserAPIServer

/// The port of the calls over fakes of what lies behind the services, and a client of `user-1`, who
/// owns the session `s_test`.
struct CallPort {
  let upstream = ScriptedUpstream()
  let time = ManualTime()
  let sessions: Sessions
  let tokens: TokenAdministration
  let metrics = PrometheusRegistry()
  let server: CallServer
  let url: String
  /// The id of the client's token.
  let tokenID: String
  let client: UserAPIClient

  static func with(
    limits: CallLimits = .defaults, _ body: (CallPort) async throws -> Void
  ) async throws {
    let port = try await CallPort(limits: limits)
    do { try await body(port) } catch {
      await port.close()
      throw error
    }
    await port.close()
  }

  private init(limits: CallLimits) async throws {
    let store = InMemorySessionStore()
    store.setRecord(.sample())
    self.sessions = Sessions(store: store, upstream: self.upstream, time: self.time.source)
    let tokenStore = InMemoryTokenStore()
    self.tokens = TokenAdministration(store: tokenStore, time: self.time.source)
    let token = try await self.tokens.issue(userID: "user-1", role: .user, lifetime: nil)
    self.tokenID = token.token.id
    let threads = UserThreads(count: 1)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    self.server = CallServer(
      services: CallServices(
        authenticator: Authenticator(store: tokenStore, time: self.time.source),
        sessions: self.sessions,
        directory: Directory(
          sessions: self.sessions, upstream: self.upstream,
          surroundings: .system(
            threads: threads, metrics: ListMetrics(factory: self.metrics), logger: logger)),
        metrics: CallMetrics(factory: self.metrics),
        limitMetrics: LimitMetrics(factory: self.metrics), limits: limits, pageThreads: threads,
        logger: logger), tls: nil)
    self.url =
      "http://"
      + (try await self.server.bind(
        try #require(ListenAddress("127.0.0.1:0")), group: MultiThreadedEventLoopGroup.singleton))
    self.client = try UserAPIClient(
      configuration: UserAPIClient.Configuration(url: self.url, token: token.secret.rawValue))
  }

  private func close() async {
    await self.client.close()
    await self.server.drain(grace: .zero)
  }
}
