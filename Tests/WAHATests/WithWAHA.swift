import DirectoryService
import NIOPosix
import SessionService
import TestKit
import Tracing
import UserAPI
import WAHA
import WAHASimulator

/// The real upstream before a simulator with short times.
struct Pair {
  let server: SimulatorServer
  let waha: WAHAUpstream

  /// A session that the simulator has in this state; `nil` for one that it does not have.
  func session(_ status: String?, named name: String = "s_test") async throws -> OwnedSession {
    let session = try await makeOwnedSession(named: name)
    if let status {
      try await self.waha.create(session)
      self.server.setStatus(name, to: status)
      self.server.clearRequests()
    }
    return session
  }
}

func quickTiming() -> Timing {
  var timing = Timing()
  timing.startDelay = .milliseconds(5)
  timing.scanAfter = nil
  timing.operation = .milliseconds(2)
  timing.statusWait = .milliseconds(50)
  timing.lockWait = .milliseconds(50)
  return timing
}

let simulatorThreads = MultiThreadedEventLoopGroup.singleton

func withWAHA(
  _ engine: Engine = .webjs, version: ServerVersion = .latest, timing: Timing = quickTiming(),
  serverKey: String? = nil, clientKey: String? = nil, tracer: any Tracer = NoOpTracer(),
  now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now },
  observe: @escaping @Sendable (SimulatorServer, WAHAEvent) -> Void = { _, _ in },
  configure: (inout WAHAUpstream.Configuration) -> Void = { _ in },
  _ body: (Pair) async throws -> Void
) async throws {
  var simulator = SimulatorConfiguration(engine: engine, version: version, timing: timing)
  simulator.apiKey = serverKey
  let server = try await SimulatorServer.start(
    simulator, group: simulatorThreads)
  let result: Result<Void, any Error>
  do {
    let waha = try makeUpstream(
      port: server.port, key: clientKey, tracer: tracer, now: now, observe: { observe(server, $0) },
      configure: configure)
    result = .success(try await body(Pair(server: server, waha: waha)))
  } catch {
    result = .failure(error)
  }
  try await server.shutdown()
  try result.get()
}

func makeUpstream(
  port: Int, key: String? = nil, tracer: any Tracer = NoOpTracer(),
  now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now },
  observe: @escaping @Sendable (WAHAEvent) -> Void = { _ in },
  configure: (inout WAHAUpstream.Configuration) -> Void = { _ in }
) throws -> WAHAUpstream {
  struct NoURL: Error {}
  guard let url = UpstreamURL("http://127.0.0.1:\(port)") else { throw NoURL() }
  var configuration = WAHAUpstream.Configuration(url: url, apiKey: key.flatMap(APIKey.init))
  // However much else the machine does: what is to time out says so.
  configuration.statusTimeout = .seconds(50)
  configuration.lifecycleTimeout = .seconds(50)
  configure(&configuration)
  return WAHAUpstream(configuration: configuration, tracer: tracer, observe: observe, now: now)
}

/// Everything that the services ask of WAHA for a session.
enum Function: CaseIterable, Sendable {
  case status, verify, create, start, restart, logout, delete, qrCode, qrText, groups, contacts
  case pairingCode

  func callAsFunction(
    _ waha: any SessionUpstream & DirectoryUpstream, _ session: OwnedSession
  ) async throws(UserAPIError) {
    switch self {
    case .status: _ = try await waha.status(of: session)
    case .verify: try await waha.verify(session)
    case .create: try await waha.create(session)
    case .start: try await waha.start(session)
    case .restart: try await waha.restart(session)
    case .logout: try await waha.logout(session)
    case .delete: try await waha.delete(session)
    case .qrCode: _ = try await waha.qrCode(of: session)
    case .qrText: _ = try await waha.qrText(of: session)
    case .pairingCode: _ = try await waha.pairingCode(of: session, phoneNumber: samplePhoneNumber)
    case .groups: _ = try await waha.groups(of: session)
    case .contacts: _ = try await waha.contacts(of: session)
    }
  }

  /// The reason why it fails; nil when it does not.
  func failure(
    _ waha: any SessionUpstream & DirectoryUpstream, _ session: OwnedSession
  ) async -> UserAPIError? {
    await TestKit.failure { () async throws(UserAPIError) in try await self(waha, session) }
  }
}
