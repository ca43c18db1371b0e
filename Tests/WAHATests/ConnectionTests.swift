import SessionService
import TestKit
import Testing
import UserAPI
import WAHA
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct ConnectionTests {
  @Test(arguments: Function.allCases)
  func `a call that is given up is given up at WAHA`(function: Function) async throws {
    try await withWAHA { pair in
      let session = try await makeOwnedSession()
      pair.server.addFault(Fault(.hang))
      let call = Task { try await function(pair.waha, session) }
      while pair.server.requestCount().requests == 0 { await Task.yield() }
      call.cancel()
      #expect(await call.failure?.code == .canceled)
      while pair.server.requestCount().aborted == 0 { await Task.yield() }
    }
  }

  @Test func `a task that is cancelled before it calls sends nothing`() async throws {
    try await withWAHA { pair in
      let session = try await makeOwnedSession()
      let call = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await pair.waha.status(of: session)
      }
      #expect(await call.failure?.code == .canceled)
    }
  }

  @Test func `one call that is given up does not disturb the others`() async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(.hang, path: "/api/s_test/groups"))
      let hanging = (0..<20).map { _ in Task { try await pair.waha.groups(of: session) } }
      while pair.server.requestCount(path: "/api/s_test/groups").requests < 20 {
        await Task.yield()
      }
      for call in hanging { call.cancel() }
      for _ in 0..<20 { #expect(try await pair.waha.status(of: session) == .working) }
      for call in hanging { #expect(await call.failure?.code == .canceled) }
    }
  }

  @Test func `more calls than connections all come to an answer`() async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      let calls = (0..<500).map { _ in Task { try await pair.waha.status(of: session) } }
      for call in calls { #expect(try await call.value == .working) }
      #expect(pair.server.requestCount().requests == 500)
    }
  }

  @Test func `a connection that WAHA closed while it was idle is no failure`() async throws {
    var timing = quickTiming()
    timing.keepAlive = .milliseconds(1)
    try await withWAHA(timing: timing) { pair in
      let session = try await pair.session("WORKING")
      for _ in 0..<200 { #expect(try await pair.waha.status(of: session) == .working) }
    }
  }

  @Test func `a WAHA that was away for a while is found again`() async throws {
    let waha: WAHAUpstream
    let session = try await makeOwnedSession()
    var configuration = SimulatorConfiguration(engine: .webjs, timing: quickTiming())
    let first = try await SimulatorServer.start(configuration, group: simulatorThreads)
    waha = try makeUpstream(port: first.port)
    #expect(try await waha.status(of: session) == nil)
    try await first.shutdown()
    #expect(await Function.status.failure(waha, session)?.reason == .upstreamUnavailable)
    configuration.port = first.port
    let second = try await SimulatorServer.start(configuration, group: simulatorThreads)
    #expect(try await waha.status(of: session) == nil)
    try await second.shutdown()
  }

  @Test func `an upstream that is no longer used goes away`() async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      for _ in 0..<200 {
        let waha = try makeUpstream(port: pair.server.port)
        #expect(try await waha.status(of: session) == .working)
      }
    }
  }

  @Test func `an upstream that is never used goes away as well`() async throws {
    await withTaskGroup { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<100 { #expect(throws: Never.self) { _ = try makeUpstream(port: 1) } }
        }
      }
    }
  }

  @Test(arguments: [
    "", "..", "../server", "a/b", "a b", "a%2Fb", "a?all=true", "a#b", "ä", "a\r\nX: y", "a\0",
    String(repeating: "a", count: 55), "server/environment?all=true#", "💥",
  ])
  func `a name that WAHA would not take reaches no URL`(name: String) async throws {
    try await withWAHA { pair in
      let session = try await makeOwnedSession(named: name)
      for function in Function.allCases {
        // Logging out what cannot be there has nothing to do.
        let reason: ErrorReason? = function == .logout ? nil : .sessionMissingUpstream
        #expect(await function.failure(pair.waha, session)?.reason == reason, "\(function)")
      }
      #expect(pair.server.requests().isEmpty)
    }
  }

  @Test(arguments: ["a", "-", "_", "A-z_09", String(repeating: "a", count: 54)])
  func `a name that WAHA takes reaches it as it is`(name: String) async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING", named: name)
      #expect(try await pair.waha.status(of: session) == .working)
      #expect(pair.server.requests().map(\.path) == ["/api/sessions/\(name)"])
    }
  }

  @Test func `errors carry neither the key nor what WAHA said`() async throws {
    let secrets = ["k3y-of-the-service", "b0dy-of-waha", "15551234567"]
    let body = #"{"message":"b0dy-of-waha 15551234567","exception":{"message":"b0dy-of-waha"}}"#
    let answers: [Fault.Answer] = [
      .status(200, body: body), .status(400, body: body), .status(404, body: body),
      .status(422, body: body), .status(500, body: body), .status(503, body: body), .drop,
      .exception(ServerException("rate-overlimit b0dy-of-waha", data: 429)),
      .exception(ServerException("async-lock timed out in queue 15551234567")),
      .redirect("http://b0dy-of-waha/"),
    ]
    try await withWAHA(clientKey: secrets[0]) { pair in
      let session = try await makeOwnedSession()
      for answer in answers {
        pair.server.clearFaults()
        pair.server.addFault(Fault(answer))
        for function in Function.allCases {
          guard let error = await function.failure(pair.waha, session) else { continue }
          var text = ""
          dump(error, to: &text)
          text += "\(error) \(String(reflecting: error)) \(error.message)"
          if let cause = error.cause { text += "\(cause) \(String(reflecting: cause))" }
          for secret in secrets { #expect(!text.contains(secret), "\(function) \(answer)") }
        }
      }
    }
  }

  @Test(arguments: [
    "", "127.0.0.1:3000", "ftp://host", "http://", "http:///path", "http://:3000",
    "http://user:key@host", "http://host?x=1", "http://host#x", "http://host a", "file:///etc",
    "http://hôst", "http://host:0", "http://host:65536", "http://host:1b", "http://host:",
    "http://host:1:2", "http://[::1", "http://[]", "http://[::1]3000", "http://[::1]:99999",
    "http://[host]", "http://ho[st]", "http://host]",
  ])
  func `an address that is none is refused`(text: String) {
    #expect(UpstreamURL(text) == nil)
  }

  @Test func `an address with a path is kept before every call`() async throws {
    try await withWAHA { pair in
      let url = try #require(UpstreamURL("http://127.0.0.1:\(pair.server.port)/waha/v1/"))
      var configuration = WAHAUpstream.Configuration(url: url)
      configuration.statusTimeout = .seconds(50)
      let waha = WAHAUpstream(configuration: configuration)
      _ = await Function.status.failure(waha, try await makeOwnedSession())
      #expect(pair.server.requests().map(\.path) == ["/waha/v1/api/sessions/s_test"])
    }
  }
}
