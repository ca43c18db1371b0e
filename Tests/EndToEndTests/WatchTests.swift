import Foundation
import Testing

/// `watchSession` with the real programs.
@Suite struct WatchTests {
  @Test func `a watch at the terminal survives the server and ends with the session`()
    async throws
  {
    let port = Int.random(in: 20_000..<30_000)
    try await Deployment.with(server: ["--listen", "127.0.0.1:\(port)"], isSpread: false) {
      deployment in
      let token = try await deployment.token(user: "alice").secret
      let name = try await deployment.initiate(token: token)
      let watch = try Program(
        "user-api", ["watch", "--session", name],
        environment: ["USER_API_URL": deployment.url, "USER_API_TOKEN": token],
        in: deployment.folder)
      let code = JSON(try await watch.line { $0.contains("SCAN_QR_CODE") && $0.contains("qr") })
      #expect(code?["qr"]?.text?.hasPrefix("2@") == true)
      try await deployment.control("POST", "sessions/\(name)/scan")
      let working = JSON(try await watch.line { $0.contains(#""status":"WORKING""#) })
      #expect(working?["qr"] == nil)

      deployment.server.signal(SIGKILL)
      await deployment.server.end()
      try await deployment.restartServer(["--listen", "127.0.0.1:\(port)"])
      let back = JSON(try await watch.line { $0.contains("SEQUENCE_EXPIRED") })
      #expect(back?["status"]?.text == "WORKING")

      deployment.server.signal(SIGTERM)
      #expect(await deployment.server.end() == 0)
      try await deployment.restartServer(["--listen", "127.0.0.1:\(port)"])
      let session = #"{"sessionName":"\#(name)"}"#
      _ = try await deployment.call("restartSession", session, token: token)
      _ = try await deployment.call("logoutSession", session, token: token)
      #expect(await watch.end() == 0, "\(watch.output)")
    }
  }

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
        headers: ["connect-timeout-ms: 3000"], contentType: "application/connect+json")
      #expect(framed.status == 200)
      #expect(framed.body.contains(#""status":"WORKING""#))
      #expect(framed.body.contains(#""reason":"DEADLINE_EXCEEDED""#))
    }
  }
}
