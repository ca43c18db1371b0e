import Foundation
import Testing

/// The command-line client against the real server.
@Suite struct CommandLineTests {
  @Test func `an operator does everything from a terminal`() async throws {
    try await Deployment.with { deployment in
      let token = try await deployment.token(user: "alice").secret
      let deployment = deployment
      func run(_ arguments: String...) async throws -> Run {
        try await Run(
          "user-api", arguments,
          environment: ["USER_API_URL": deployment.url, "USER_API_TOKEN": token],
          in: deployment.folder)
      }
      let none = try await run("session", "show")
      #expect(none.status == 0)
      #expect(none.output == "null\n")

      let started = try await run("session", "start")
      let name = try #require(JSON(started.output)?["sessionName"]?.text, "\(started.errors)")
      try await deployment.awaitStatus("SCAN_QR_CODE", of: name, token: token)
      #expect(try await run("session", "status").output == #"{"status":"SCAN_QR_CODE"}"# + "\n")
      let picture = deployment.folder.appending(path: "code.png")
      let code = try await run("session", "qr", "--png", picture.path)
      #expect(code.status == 0, "\(code.errors)")
      #expect(try Data(contentsOf: picture).starts(with: [0x89, 0x50, 0x4E, 0x47]))

      let early = try await run("groups")
      #expect(early.status == 1)
      #expect(early.errors.hasSuffix("(SESSION_NOT_WORKING)\n"))
      #expect(early.errors.split(separator: "\n").count == 1)

      try await deployment.control("POST", "sessions/\(name)/scan")
      try await deployment.awaitStatus("WORKING", of: name, token: token)
      let all = try await run("contacts", "--all", "--limit", "7")
      let contacts = JSON(all.output)?["items"]?.items ?? []
      #expect(contacts.count == 154, "\(all.errors)")
      let number = contacts.lazy.compactMap { $0["number"]?.text }.first ?? ""
      let found = try await run("contacts", "--search", "+" + number)
      #expect(JSON(found.output)?["items"]?.items.first?["number"]?.text == number)
      let raw = try await run("call", "getSessionStatus", #"{"sessionName":"\#(name)"}"#)
      #expect(JSON(raw.output)?["status"]?.text == "WORKING")
      #expect(try await run("session", "restart").status == 0)
      try await deployment.awaitStatus("WORKING", of: name, token: token)
      #expect(try await run("session", "set-phone", "+12345678900").status == 0)
      #expect(try await run("session", "logout").status == 0)
      #expect(try await run("call", "nope").errors.hasSuffix("(UNKNOWN_PROCEDURE)\n"))
    }
  }

  @Test func `a server that is not there is told apart from a call that failed`() async throws {
    let run = try await Run(
      "user-api", ["--url", "http://127.0.0.1:1", "--token", "x", "session", "show"],
      in: FileManager.default.temporaryDirectory)
    #expect(run.status == 2)
    #expect(run.errors.hasSuffix("(CONNECTION_FAILED)\n"))
  }
}
