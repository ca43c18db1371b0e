import TestKit
import Testing
import UserAPI
import WAHA
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct SessionListTests {
  @Test(arguments: Engine.allCases)
  func `all sessions are named, stopped ones too`(engine: Engine) async throws {
    try await withWAHA(engine) { pair in
      #expect(try await pair.waha.sessionNames().isEmpty)
      _ = try await pair.session("WORKING", named: "s_working")
      _ = try await pair.session("STOPPED", named: "s_stopped")
      #expect(try await pair.waha.sessionNames() == ["s_working", "s_stopped"])
    }
  }

  @Test(
    arguments: [
      "", "null", "{}", #"{"s_test":{"name":"s_test"}}"#, #"["s_test"]"#, #"[{"name":1}]"#,
      #"[{"status":"WORKING"}]"#, #"[{"name":"s_test"}"#,
    ])
  func `what is no list of sessions is none`(body: String) async throws {
    try await withWAHA { pair in
      pair.server.addFault(Fault(.status(200, body: body), path: "/api/sessions"))
      let error = await failure { () async throws(UserAPIError) in
        try await pair.waha.sessionNames()
      }
      #expect(error?.reason == .upstreamInvalidResponse)
    }
  }
}
