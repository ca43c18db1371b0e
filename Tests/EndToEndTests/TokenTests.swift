import Foundation
import Testing

/// What an operator does with tokens, and what a running server makes of it.
@Suite struct TokenTests {
  /// The columns of `token list`.
  private struct Row {
    let id, user, role, scopes, created, expires, lastUsed, state: String

    init?(_ line: Substring) {
      let columns = line.split(separator: " ").map(String.init)
      guard columns.count == 8 else { return nil }
      (self.id, self.user, self.role, self.scopes) = (
        columns[0], columns[1], columns[2], columns[3]
      )
      (self.created, self.expires) = (columns[4], columns[5])
      (self.lastUsed, self.state) = (columns[6], columns[7])
    }
  }

  private func list(_ deployment: Deployment) async throws -> [String: Row] {
    let run = try await deployment.runTokenCommand(["list"])
    #expect(run.status == 0, "\(run.errors)")
    return try run.output.split(separator: "\n").reduce(into: [:]) { rows, line in
      let row = try #require(Row(line), "\(line)")
      rows[row.id] = row
    }
  }

  private func reason(_ secret: String, _ deployment: Deployment) async throws -> String? {
    let answer = try await deployment.call("getWhatsAppSession", token: secret)
    #expect([200, 401].contains(answer.status), "\(answer.body)")
    return answer.reason
  }

  /// Where there is a database and no server.
  private struct Desk {
    let folder: URL
    let database: TestDatabase

    func token(_ arguments: [String]) async throws -> Run {
      try await Run(
        "user-api-server", ["token"] + arguments,
        environment: ["DATABASE_URL": self.database.url], in: self.folder)
    }
  }

  /// `token` without a server, on a database of its own.
  private func run(_ arguments: String..., at desk: Desk) async throws -> Run {
    try await desk.token(arguments)
  }

  private func withDesk(_ body: (Desk) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "user-api-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let desk = Desk(folder: folder, database: try await TestDatabase.make(in: folder))
    let result: Result<Void, any Error>
    do { result = .success(try await body(desk)) } catch { result = .failure(error) }
    try await desk.database.remove()
    try FileManager.default.removeItem(at: folder)
    try result.get()
  }

  @Test func `who makes a token says when it ends, or that it does not`() async throws {
    try await self.withDesk { desk in
      for arguments in [[], ["--expires", "90d", "--no-expiry"]] {
        for command in [["issue", "--user", "alice"], ["rotate", "tok_1"]] {
          let run = try await desk.token(command + arguments)
          #expect(run.status == 64)
          #expect(
            run.errors.contains("give either --expires, such as --expires 90d, or --no-expiry"))
          #expect(run.output.isEmpty)
        }
      }
      for lifetime in ["0s", "36501d", "999999999d", "-1d", "90", "soon"] {
        let run = try await self.run(
          "issue", "--user", "alice", "--expires=\(lifetime)", at: desk)
        #expect(run.status == 64, "\(lifetime)")
        #expect(run.errors.contains("--expires"), "\(run.errors)")
      }
      #expect(try await self.run("list", at: desk).output.isEmpty)
      let expiring = try await self.run("issue", "--user", "alice", "--expires", "90d", at: desk)
      #expect(expiring.output.contains("\nexpires 2"), "\(expiring.output)")
      let lasting = try await self.run("issue", "--user", "alice", "--no-expiry", at: desk)
      #expect(lasting.output.contains("\nexpires never\n"), "\(lasting.output)")
    }
  }

  @Test func `the token is alone on the last line, and a scanner knows it`() async throws {
    try await self.withDesk { desk in
      let issued = try await self.run("issue", "--user", "alice", "--expires", "1d", at: desk)
      let lines = issued.output.split(separator: "\n")
      let secret = try #require(lines.last)
      #expect(secret.wholeMatch(of: try Regex("uapi_[0-9a-f]{48}")) != nil)
      let id = try #require(lines.first?.split(separator: " ").last)
      let listed = try await self.run("list", at: desk).output
      #expect(listed.contains(id))
      #expect(!listed.contains(secret))
    }
  }

  @Test func `scopes are those of the role, or those that are given`() async throws {
    try await self.withDesk { desk in
      for (scopes, problem) in [
        ("session:read,session:rite", "'session:rite'"), ("", "''"), ("session:read,", "''"),
        ("session:read directory:read", "'session:read directory:read'"),
      ] {
        let run = try await self.run(
          "issue", "--user", "alice", "--no-expiry", "--scopes", scopes, at: desk)
        #expect(run.status == 64)
        let message =
          "\(problem) is no scope; there are session:read, session:write, directory:read, act-as"
        #expect(run.errors.contains(message), "\(run.errors)")
      }
      for (role, scopes, issued, listed) in [
        ("USER", nil, "session:read,session:write,directory:read", "default"),
        ("GUEST", nil, "-", "default"),
        ("SERVICE", nil, "session:read,session:write,directory:read,act-as", "default"),
        (
          "SERVICE", "act-as,session:read", "session:read,act-as", "session:read,act-as"
        ),
      ] as [(String, String?, String, String)] {
        let run = try await desk.token(
          ["issue", "--user", "billing", "--role", role, "--no-expiry"]
            + (scopes.map { ["--scopes", $0] } ?? []))
        #expect(run.output.contains("\nscopes \(issued)\n"), "\(run.output) \(run.errors)")
        let line = try #require(
          try await self.run("list", at: desk).output.split(separator: "\n").last)
        let row = try #require(Row(line), "\(line)")
        #expect(row.user == "billing")
        #expect(row.role == role)
        #expect(row.scopes == listed)
        #expect(row.expires == "never")
        #expect(row.lastUsed == "-")
        #expect(row.state == "valid")
      }
    }
  }

  @Test func `a rotated token works beside the new one until the overlap is over`() async throws {
    try await Deployment.with { deployment in
      let old = try await deployment.token(user: "alice", scopes: "session:read")
      #expect(try await self.reason(old.secret, deployment) == nil)
      let new = try await deployment.rotate(old.id, ["--expires", "90d", "--overlap", "1h"])
      #expect(new.id != old.id)
      #expect(new.secret != old.secret)
      #expect(try await self.reason(old.secret, deployment) == nil)
      #expect(try await self.reason(new.secret, deployment) == nil)
      let rows = try await self.list(deployment)
      #expect(rows[old.id]?.expires != "never")
      #expect(rows[new.id]?.user == "alice")
      #expect(rows[new.id]?.scopes == "session:read")

      // A shorter overlap ends the old one sooner.
      let newest = try await deployment.rotate(old.id, ["--no-expiry", "--overlap", "1s"])
      let deployment = deployment
      try await eventually("the old token is refused") {
        try await self.reason(old.secret, deployment) == "TOKEN_EXPIRED"
      }
      #expect(try await self.reason(new.secret, deployment) == nil)
      #expect(try await self.reason(newest.secret, deployment) == nil)
      #expect(try await self.list(deployment)[old.id]?.state == "expired")
    }
  }

  @Test func `a rotation without overlap ends the old token within a second`() async throws {
    try await Deployment.with { deployment in
      let old = try await deployment.token(user: "alice")
      #expect(try await self.reason(old.secret, deployment) == nil)
      let run = try await deployment.runTokenCommand(
        ["rotate", old.id, "--no-expiry", "--overlap", "0s"])
      #expect(run.output.contains("\nreplaces \(old.id) until 2"), "\(run.output)")
      let deployment = deployment
      try await eventually("the old token is refused") {
        try await self.reason(old.secret, deployment) == "TOKEN_EXPIRED"
      }
      let secret = try #require(run.output.split(separator: "\n").last)
      #expect(try await self.reason(String(secret), deployment) == nil)
    }
  }

  @Test func `what does not work any more is not rotated, and the error says why`() async throws {
    try await self.withDesk { desk in
      func id(_ run: Run) throws -> String {
        String(try #require(run.output.split(separator: "\n").first?.split(separator: " ").last))
      }
      let revoked = try id(
        try await self.run("issue", "--user", "alice", "--no-expiry", at: desk))
      #expect(try await self.run("revoke", revoked, at: desk).status == 0)
      let expired = try id(
        try await self.run("issue", "--user", "alice", "--expires", "1ms", at: desk))
      for (id, problem) in [
        (revoked, "token \(revoked) has been revoked"), (expired, "token \(expired) has expired"),
        ("tok_none", "there is no token tok_none"),
      ] {
        let run = try await self.run("rotate", id, "--no-expiry", at: desk)
        #expect(run.status == 1)
        #expect(run.errors == "user-api-server: \(problem)\n")
        #expect(run.output.isEmpty)
      }
      let listed = try await self.run("list", at: desk).output
      #expect(listed.split(separator: "\n").count == 2)
    }
  }

  @Test func `a server that stops has written down what was used`() async throws {
    try await Deployment.with(isSpread: false) { deployment in
      let used = try await deployment.token(user: "alice")
      let refused = try await deployment.token(user: "alice", expires: "1ms")
      let unused = try await deployment.token(user: "alice")
      #expect(try await self.reason(used.secret, deployment) == nil)
      #expect(try await self.reason(refused.secret, deployment) == "TOKEN_EXPIRED")
      deployment.server.signal(SIGTERM)
      #expect(await deployment.server.endOfOutput() == 0)
      let rows = try await self.list(deployment)
      let row = try #require(rows[used.id])
      #expect(row.lastUsed > row.created)
      #expect(rows[refused.id]?.lastUsed == "-")
      #expect(rows[unused.id]?.lastUsed == "-")
    }
  }

  @Test func `a call that is not whole when its token is taken back is refused`() async throws {
    try await Deployment.with { deployment in
      let token = try await deployment.token(user: "alice")
      let name = try await deployment.initiate(token: token.secret)
      try await deployment.control("DELETE", "requests")
      let script = """
        import subprocess, sys, time, httpx
        url, token, server, id, body = sys.argv[1:]
        client = httpx.Client(http1=False, http2=True, trust_env=False, timeout=20)
        def call(content):
            return client.post(url, content=content, headers={
                "content-type": "application/json", "authorization": "Bearer " + token})
        def late():
            # The headers are on their way, and others see that the token is gone.
            subprocess.run([server, "token", "revoke", id], check=True, capture_output=True)
            # A server may take a second to see it.
            end = time.monotonic() + 1
            while "TOKEN_REVOKED" not in call(b"{}").text or time.monotonic() < end:
                pass
            yield body.encode()
        print(call(late()).text)
        """
      let run = try await Run(
        "/usr/bin/python3",
        [
          "-c", script, deployment.url + "/user.v1.User/restartSession", token.secret,
          Program.folder.appending(path: "user-api-server").path, token.id,
          #"{"sessionName":"\#(name)"}"#,
        ], environment: ["DATABASE_URL": deployment.database.url], in: deployment.folder)
      #expect(
        JSON(run.output)?["data"]?["reason"]?.text == "TOKEN_REVOKED",
        "\(run.output) \(run.errors)")
      #expect(try await deployment.requestCount("/api/sessions/\(name)/restart") == 0)
    }
  }
}
