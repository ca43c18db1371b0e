import Foundation
import Testing

/// Callers on the same machine, over a socket in the file system.
@Suite struct UnixSocketTests {
  @Test func `the command line and curl call it, also after a server that was killed`() async throws
  {
    try await Deployment.with(
      isSpread: false, prepare: { folder in ["--listen", "unix:\(folder.path)/api.sock"] }
    ) { deployment in
      let path = deployment.folder.appending(path: "api.sock").path
      #expect(deployment.url == "unix:\(path)")
      let token = try await deployment.token(user: "alice").secret
      func check(_ deployment: Deployment) async throws {
        let client = try await Run(
          "user-api", ["session", "show"],
          environment: ["USER_API_URL": deployment.url, "USER_API_TOKEN": token],
          in: deployment.folder)
        #expect(client.output == "null\n", "\(client.errors)")
        let curl = try await Run(
          "curl",
          [
            "-sS", "--http2-prior-knowledge", "--unix-socket", path, "-H",
            "authorization: Bearer \(token)", "-H", "content-type: application/json", "-d", "{}",
            "http://localhost/user.v1.User/getWhatsAppSession",
          ], in: deployment.folder)
        #expect(curl.output == "null", "\(curl.errors)")
      }
      try await check(deployment)
      #expect(!deployment.server.output.contains("cleartext"))
      deployment.server.signal(SIGKILL)
      await deployment.server.end()
      #expect(FileManager.default.fileExists(atPath: path))
      try await deployment.restartServer(["--listen", "unix:\(path)"])
      try await check(deployment)
    }
  }
}
