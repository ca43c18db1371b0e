import AuthService
import DirectoryService
import Logging
import NIOPosix
import SessionService
import TestKit
import Testing
import Tracing
import UserAPI
import UserAPIClient

@testable import UserAPIServer

/// The port of the calls over fakes of what lies behind the services, and a client of `user-1`, who
/// owns the session `s_test`.
struct CallPort {
  let upstream = ScriptedUpstream()
  let time: ManualTime
  let store = InMemorySessionStore()
  let sessions: Sessions
  let tokens: TokenAdministration
  let authenticator: Authenticator
  let audit = LogRecorder()
  let auditLog: AuditLog
  let metrics = PrometheusRegistry()
  let server: CallServer
  let url: String
  /// The id of the client's token.
  let tokenID: String
  let client: UserAPIClient

  /// - Parameters:
  ///   - tls: The files of the server; nil for cleartext, and a client without TLS.
  ///   - tokenStore: Where its tokens are, beside that of the client.
  static func with(
    limits: CallLimits = .defaults, admissionLimits: AdmissionLimits = .defaults,
    tls: TLSSettings? = nil, services: ClientServices = .none, jwt: JWTVerifier? = nil,
    tokenStore: InMemoryTokenStore = InMemoryTokenStore(), time: ManualTime = ManualTime(),
    tracer: any Tracer = TraceContextTracer(), logger: Logger? = nil,
    _ body: (CallPort) async throws -> Void
  ) async throws {
    let port = try await CallPort(
      limits: limits, admissionLimits: admissionLimits, tls: tls, services: services, jwt: jwt,
      tokenStore: tokenStore, time: time, tracer: tracer, logger: logger)
    do { try await body(port) } catch {
      await port.close()
      throw error
    }
    await port.close()
  }

  private init(
    limits: CallLimits, admissionLimits: AdmissionLimits, tls: TLSSettings?,
    services: ClientServices, jwt: JWTVerifier?, tokenStore: InMemoryTokenStore, time: ManualTime,
    tracer: any Tracer, logger: Logger?
  ) async throws {
    self.time = time
    self.auditLog = AuditLog(logger: self.audit.logger(provider: .trace), time: time.source)
    self.store.setRecord(.sample())
    self.sessions = Sessions(store: self.store, upstream: self.upstream, time: self.time.source)
    self.tokens = TokenAdministration(store: tokenStore, time: self.time.source)
    let token = try await self.tokens.issue(userID: "user-1", role: .user, lifetime: nil)
    self.tokenID = token.token.id
    self.authenticator = Authenticator(
      store: tokenStore, jwt: jwt, services: services, time: self.time.source)
    let threads = UserThreads(count: 1)
    let logger = logger ?? Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    self.server = CallServer(
      services: CallServices(
        admission: Admission(
          authenticator: self.authenticator, limits: admissionLimits, time: self.time.source),
        sessions: self.sessions,
        directory: Directory(
          sessions: self.sessions, upstream: self.upstream,
          surroundings: .system(
            threads: threads, metrics: ListMetrics(factory: self.metrics), logger: logger)),
        metrics: CallMetrics(factory: self.metrics),
        limitMetrics: LimitMetrics(factory: self.metrics),
        streamMetrics: StreamMetrics(registry: self.metrics), limits: limits, pageThreads: threads,
        audit: self.auditLog, tracer: tracer, logger: logger),
      tls: try tls.map { try ServerTLS(settings: $0, logger: logger) })
    self.url =
      (tls == nil ? "http://" : "https://")
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
