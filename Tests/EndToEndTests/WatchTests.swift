import Foundation
import Testing

/// `watchSession` with the real programs.
@Suite struct WatchTests {
  @Test func `a stream is for those who can read one, and has the deadline that they ask for`()
    async throws
  {
    try await Deployment.with { deployment in
      let token = try await deployment.token(user: "alice").secret
      let session = #"{"sessionName":"\#(try await deployment.link(token: token))"}"#
      let bare = try await deployment.call("watchSession", session, token: token)
      #expect(bare.status == 415)
      #expect(bare.reason == "UNSUPPORTED_CONTENT_TYPE")
      #expect(bare.headers.contains("application/user-api+json, application/connect+json"))
      // The length is the envelope's: five octets before the JSON.
      let length = String(UnicodeScalar(UInt8(session.utf8.count)))
      let framed = try await deployment.call(
        "watchSession", "\0\0\0\0" + length + session, token: token,
        headers: ["connect-timeout-ms: 300"], contentType: "application/connect+json")
      #expect(framed.status == 200)
      #expect(framed.body.contains(#""status":"WORKING""#))
      #expect(framed.body.contains(#""reason":"DEADLINE_EXCEEDED""#))
    }
  }
}
