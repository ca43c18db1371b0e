import NIOPosix
import WAHASimulator

/// Times short enough for tests; nothing is scanned unless a test scans it.
func quickTiming() -> Timing {
  var timing = Timing()
  timing.startDelay = .milliseconds(5)
  timing.scanAfter = nil
  timing.operation = .milliseconds(2)
  timing.statusWait = .milliseconds(500)
  return timing
}

func withSimulator(
  _ configuration: SimulatorConfiguration = SimulatorConfiguration(
    engine: .webjs, timing: quickTiming()),
  _ body: (SimulatorServer, TestClient) async throws -> Void
) async throws {
  let server = try await SimulatorServer.start(
    configuration, group: MultiThreadedEventLoopGroup.singleton)
  let result: Result<Void, any Error>
  do {
    result = .success(try await body(server, TestClient(port: server.port)))
  } catch {
    result = .failure(error)
  }
  try await server.shutdown()
  try result.get()
}

/// A simulator with one session, `s`, that is `WORKING`.
func withWorkingSession(
  _ engine: Engine, version: ServerVersion = .latest, config: String = "{}",
  addressBook: AddressBookPlan = AddressBookPlan(),
  _ body: (SimulatorServer, TestClient) async throws -> Void
) async throws {
  let configuration = SimulatorConfiguration(
    engine: engine, version: version, timing: quickTiming(), addressBook: addressBook)
  try await withSimulator(configuration) { server, client in
    _ = try await client.post(
      "/api/sessions", #"{"name":"s","config":\#(config),"start":true}"#)
    server.setStatus("s", to: "WORKING")
    try await body(server, client)
  }
}

extension JSON {
  var keys: [String] {
    guard case .object(let members) = self else { return [] }
    return members.map(\.key)
  }
}
