import Foundation
import Testing

/// Sessions that are dead while WAHA says that they work.
@Suite(.timeLimit(.minutes(10))) struct DeadSessionTests {
  private static let environment = ["USER_API_VERIFICATION_AGE": "3s"]

  @Test(arguments: ["hang", "error"])
  func `a session that dies is found out, and so is that it lives again`(
    mode: String
  ) async throws {
    try await Deployment.with(environment: Self.environment) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.link(token: token)
      let session = #"{"sessionName":"\#(name)"}"#
      let watch = try deployment.watch(name, token: token)
      try await watch.event { $0.status == "WORKING" }
      let diedAt = wallClock()
      try await deployment.control(
        "PUT", "sessions/\(name)/dead", #"{"dead":true,"mode":"\#(mode)"}"#)
      try await watch.event { $0.status == "UNKNOWN" }
      let status = try await deployment.call("getSessionStatus", session, token: token)
      #expect(status.json["status"]?.text == "UNKNOWN", "\(status.body)")
      #expect(status.json["reported"]?.text == "WORKING")
      #expect(status.json["reason"]?.text == "NOT_VERIFIED")
      #expect(try await deployment.history(of: name).last?.status == "WORKING")
      try await deployment.control("PUT", "sessions/\(name)/dead", #"{"dead":false}"#)
      try await watch.event { $0.status == "WORKING" && $0.at > diedAt }
      _ = try await deployment.call("logoutSession", session, token: token)
      #expect(await watch.endOfOutput() == 0)

      #expect(watch.events.map(\.status).prefix(3) == ["WORKING", "UNKNOWN", "WORKING"])
      let unknown = watch.events.first { $0.status == "UNKNOWN" }
      #expect(unknown?.reported == "WORKING")
      #expect(unknown?.reason == "NOT_VERIFIED")
      // It may have been seen to work just before; and the look that finds it out takes a moment, or
      // until it is given up, 3 s, where that is as long as the whole interval.
      #expect((unknown?.at ?? .max) - diedAt < (mode == "hang" ? 7_000 : 4_000))
    }
  }

  @Test func `a dead session that nobody watches is found out by who asks`() async throws {
    try await Deployment.with(environment: Self.environment, isSpread: false) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.link(token: token)
      try await deployment.control(
        "PUT", "sessions/\(name)/dead", #"{"dead":true,"mode":"error"}"#)
      try await deployment.awaitStatus("UNKNOWN", of: name, token: token)
      let status = try await deployment.call(
        "getSessionStatus", #"{"sessionName":"\#(name)"}"#, token: token)
      #expect(status.json["reported"]?.text == "WORKING", "\(status.body)")
      #expect(status.json["reason"]?.text == "NOT_VERIFIED")
      try await deployment.control("PUT", "sessions/\(name)/dead", #"{"dead":false}"#)
      try await deployment.awaitStatus("WORKING", of: name, token: token)
    }
  }
}
