import Foundation
import Testing

/// A call as it is found again: in its answer, in the logs, and at WAHA.
@Suite struct TraceTests {
  private static let traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

  @Test func `a caller's trace goes through the logs to WAHA`() async throws {
    try await Deployment.with(server: ["--status-max-age", "0s"], isSpread: false) { deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.initiate(token: token)
      _ = try await deployment.control("DELETE", "requests")
      let status = try await deployment.call(
        "getSessionStatus", #"{"sessionName":"\#(name)"}"#, token: token,
        headers: ["traceparent: 00-\(Self.traceID)-00f067aa0ba902b7-01"])
      #expect(status.status == 200, "\(status.body)")
      let requests = try await deployment.control("GET", "requests")
      #expect(requests.contains(#""traceparent":"00-\#(Self.traceID)-"#), "\(requests)")
      #expect(!requests.contains("00f067aa0ba902b7"), "\(requests)")

      let refused = try await deployment.call(
        "getSessionStatus", #"{"sessionName":"s_nobodys"}"#, token: token,
        headers: ["traceparent: 00-\(Self.traceID)-00f067aa0ba902b7-01"])
      let id = try #require(refused.json["data"]?["requestId"]?.text, "\(refused.body)")
      #expect(refused.headers.contains("x-request-id: \(id)"), "\(refused.headers)")
      let line = try await deployment.server.line {
        $0.contains("user-api-audit") && $0.contains("SESSION_NOT_FOUND")
      }
      #expect(line.contains(#""request":"\#(id)""#), "\(line)")
      #expect(line.contains(#""trace_id":"\#(Self.traceID)""#), "\(line)")
    }
  }
}
