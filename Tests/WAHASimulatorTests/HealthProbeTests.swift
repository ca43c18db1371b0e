import NIOCore
import NIOPosix
import Testing
import WAHASimulator

/// `waha-simulator --health`, as a container asks it.
@Suite(.timeLimit(.minutes(10))) struct HealthProbeTests {
  @Test func `a simulator that runs answers, also one with a key`() async throws {
    var configuration = SimulatorConfiguration(engine: .noweb, timing: quickTiming())
    configuration.apiKey = "secret"
    try await withSimulator(configuration) { server, _ in
      let probe = try #require(HealthProbe("http://127.0.0.1:\(server.port)/"))
      let word = try await probe.ask()
      #expect(word == "127.0.0.1:\(server.port) answers")
    }
  }

  @Test func `one that fails does not count as well`() async throws {
    try await withSimulator { server, client in
      let fault = #"{"method":"GET","path":"/ping","count":1,"status":503}"#
      #expect(try await client.post("/simulator/faults", fault).status < 300)
      let probe = try #require(HealthProbe("http://127.0.0.1:\(server.port)"))
      let failure = await #expect(throws: HealthProbe.Failure.self) { try await probe.ask() }
      #expect(failure?.description == "127.0.0.1:\(server.port) answers 503")
      let word = try await probe.ask()
      #expect(word == "127.0.0.1:\(server.port) answers")
    }
  }

  @Test func `one that hangs is not waited for`() async throws {
    try await withSimulator { server, client in
      _ = try await client.post(
        "/simulator/faults", #"{"method":"GET","path":"/ping","hang":true}"#)
      let probe = try #require(
        HealthProbe("http://127.0.0.1:\(server.port)", timeout: .milliseconds(20)))
      let failure = await #expect(throws: HealthProbe.Failure.self) { try await probe.ask() }
      #expect(
        failure?.description == "127.0.0.1:\(server.port) does not answer within 0.02 seconds")
    }
  }

  @Test func `one that hangs up gives no answer`() async throws {
    try await withSimulator { server, client in
      _ = try await client.post(
        "/simulator/faults", #"{"method":"GET","path":"/ping","dropConnection":true}"#)
      let probe = try #require(
        HealthProbe("http://127.0.0.1:\(server.port)", timeout: .seconds(60)))
      let failure = await #expect(throws: HealthProbe.Failure.self) { try await probe.ask() }
      #expect(failure?.description == "127.0.0.1:\(server.port) gives no answer")
    }
  }

  @Test func `a port that nobody takes is told in a line`() async throws {
    let probe = try #require(HealthProbe("http://127.0.0.1:1"))
    let failure = await #expect(throws: HealthProbe.Failure.self) { try await probe.ask() }
    #expect(failure?.description == "127.0.0.1:1 cannot be reached")
  }

  @Test(arguments: ["127.0.0.1:3000", "https://127.0.0.1:3000", "http://", "unix:/path"])
  func `anything but a URL is refused`(url: String) {
    #expect(HealthProbe(url) == nil)
  }
}
