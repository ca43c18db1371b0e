import ArgumentParser
import Foundation
import Testing
import UserAPI
import UserAPIClient

@testable import user_api

@Suite struct CommandTests {
  @Test(arguments: [("30s", 30), ("15m", 900), ("12h", 43_200), ("90d", 7_776_000)])
  func `a duration is a number and a unit`(text: String, seconds: Int) {
    #expect(TimeLimit(argument: text)?.duration == .seconds(seconds))
  }

  @Test(arguments: ["", "s", "30", "0s", "-1s", "1.5s", "30 s", "30S", "1w", "٣s", "9999999999s"])
  func `anything else is no duration`(text: String) {
    #expect(TimeLimit(argument: text) == nil)
  }

  @Test func `an option before the command counts unless it is given after it`() throws {
    var outer = try GlobalOptions.parse(["--url", "http://a", "--token", "t", "--json"])
    outer.timeout = TimeLimit(argument: "1s")
    let inner = try GlobalOptions.parse(["--url", "http://b"])
    let merged = inner.merged(over: outer)
    #expect(merged.url == "http://b")
    #expect(merged.token == "t")
    #expect(merged.timeout == TimeLimit(argument: "1s"))
    #expect(merged.json)
  }

  @Test func `the environment says what the options do not`() throws {
    let none = try GlobalOptions.parse([])
    let environment = ["USER_API_URL": "http://e", "USER_API_TOKEN": "e"]
    let fromEnvironment = try none.merged(over: none).configuration(environment: environment)
    #expect(fromEnvironment.url == "http://e")
    #expect(fromEnvironment.token == "e")
    let defaults = try none.merged(over: none).configuration(environment: [:])
    #expect(defaults.url == "http://127.0.0.1:8080")
    #expect(defaults.token == nil)
    #expect(defaults.timeout == .seconds(30))
    let given = try GlobalOptions.parse(["--url", "http://o", "--token", "o", "--timeout", "2m"])
    let configuration = try given.merged(over: none).configuration(environment: environment)
    #expect(configuration.url == "http://o")
    #expect(configuration.token == "o")
    #expect(configuration.timeout == .seconds(120))
  }

  @Test func `the files of TLS come from options or the environment`() throws {
    let none = try GlobalOptions.parse([])
    let environment = ["USER_API_CA": "e.pem", "USER_API_CERT": "ec.pem", "USER_API_KEY": ""]
    let outer = try GlobalOptions.parse(["--key", "outer.key"])
    let inner = try GlobalOptions.parse(["--ca", "o.pem"])
    let given = try inner.merged(over: outer).configuration(environment: environment).tls
    #expect(given.caFile == "o.pem")
    #expect(given.certificateFile == "ec.pem")
    #expect(given.keyFile == "outer.key")
    let fromEnvironment = try none.merged(over: none).configuration(environment: environment).tls
    #expect(fromEnvironment.caFile == "e.pem")
    #expect(fromEnvironment.keyFile == nil)
  }

  @Test func `the user to call for comes from the option or the environment`() throws {
    let none = try GlobalOptions.parse([])
    let outer = try GlobalOptions.parse(["--act-as", "alice"])
    let inner = try GlobalOptions.parse(["--act-as", "bob"])
    let environment = ["USER_API_ACT_AS": "carol"]
    func user(
      _ inner: GlobalOptions, _ outer: GlobalOptions, _ environment: [String: String]
    ) throws -> String? {
      try inner.merged(over: outer).configuration(environment: environment).actAs
    }
    #expect(try user(none, none, [:]) == nil)
    #expect(try user(none, none, environment) == "carol")
    #expect(try user(none, none, ["USER_API_ACT_AS": ""]) == nil)
    #expect(try user(none, outer, environment) == "alice")
    #expect(try user(inner, outer, environment) == "bob")
  }

  /// Whoever gives it without a user, as by a variable that is not set, must not call for himself.
  @Test(arguments: ["", "a b", "a\nb"])
  func `a user to call for who cannot be is a usage failure`(user: String) async {
    #expect(
      await UserAPICommand.outcome(of: ["session", "show", "--act-as", user])
        == .failed(
          line: """
            actAs: a user's id has 1 to 255 bytes and no spaces or control characters \
            (INVALID_ACT_AS)
            """, status: 64))
  }

  @Test func `a certificate stands for a token`() throws {
    let none = try GlobalOptions.parse([])
    let given = try GlobalOptions.parse(["--cert", "c.pem", "--key", "c.key", "--act-as", "alice"])
    for environment in [[:], ["USER_API_TOKEN": ""]] {
      let configuration = try given.merged(over: none).configuration(environment: environment)
      #expect(configuration.token == nil)
      #expect(configuration.tls.certificateFile == "c.pem")
      #expect(configuration.tls.keyFile == "c.key")
      #expect(configuration.actAs == "alice")
    }
  }

  @Test func `a token is read from its file without the line feed`() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path()
    try SessionQRCommand.write(Array("secret\n".utf8), to: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let none = try GlobalOptions.parse([])
    let options = try GlobalOptions.parse(["--token-file", path])
    let configuration = try options.merged(over: none).configuration(environment: [:])
    #expect(configuration.token == "secret")
    let missing = try GlobalOptions.parse(["--token-file", path + ".none"])
    #expect(throws: CommandFailure.self) {
      try missing.merged(over: none).configuration(environment: [:])
    }
  }

  @Test func `a picture is written for its owner alone`() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(
      FileManager.default.createFile(
        atPath: path, contents: Data(repeating: 1, count: 9),
        attributes: [.posixPermissions: 0o644]))
    try SessionQRCommand.write([1, 2, 3], to: path)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(FileManager.default.contents(atPath: path) == Data([1, 2, 3]))
  }

  @Test func `each failure has its exit status and its one line`() {
    #expect(
      Outcome(UserAPIError(.sessionNotFound, "no such session"))
        == .failed(line: "no such session (SESSION_NOT_FOUND)", status: 1))
    #expect(Outcome(UserAPIError(.connectionFailed, "lost")).status == 2)
    #expect(Outcome(UserAPIError(.canceled, "canceled")).status == 130)
    #expect(
      Outcome(CommandFailure.noUsableSession)
        == .failed(
          line: #"no usable session; run "user-api session start" or give --session NAME"#,
          status: 1))
    #expect(Outcome.done.status == 0)
  }

  @Test(arguments: [
    (UserAPIError(.scopeMissing, "text"), "text (SCOPE_MISSING)"),
    (.init(.invalidActAs, "text"), "text; name the user with --act-as (INVALID_ACT_AS)"),
    (
      .init(.certificateRequired, "text"),
      "text; give yours with --cert and --key (CERTIFICATE_REQUIRED)"
    ),
    (.init(.rateLimited, "text"), "text; try again later (RATE_LIMITED)"),
    (.init(.keysUnavailable, "text"), "text; try again later (KEYS_UNAVAILABLE)"),
    (
      .init(.keysUnavailable, "text", retryAfter: .seconds(5)),
      "text; try again in 5 s (KEYS_UNAVAILABLE)"
    ),
  ])
  func `a caller who is not let in is told what to do`(error: UserAPIError, line: String) {
    #expect(Outcome(error) == .failed(line: line, status: 1))
  }

  @Test(arguments: [
    (Duration.milliseconds(1), "1 s"), (.seconds(1), "1 s"), (.milliseconds(1_001), "2 s"),
    (.milliseconds(118_001), "119 s"), (.milliseconds(119_001), "2 min"), (.seconds(120), "2 min"),
    (.seconds(121), "3 min"), (.seconds(7_140), "119 min"), (.seconds(7_141), "2 h"),
    (.seconds(7_200), "2 h"), (.seconds(7_201), "3 h"),
  ])
  func `how long to wait is told, and not too little`(time: Duration, text: String) {
    #expect(
      Outcome(UserAPIError(.rateLimited, "too many calls", retryAfter: time))
        == .failed(line: "too many calls; try again in \(text) (RATE_LIMITED)", status: 1))
  }

  @Test func `a failure of the server's is told with what its logs call it`() {
    var failure = UserAPIError(.storeUnavailable, "the database does not answer")
    failure.requestID = "r-1"
    #expect(
      Outcome(failure)
        == .failed(
          line: "the database does not answer (STORE_UNAVAILABLE, request r-1)", status: 1))
    var mistake = UserAPIError(.sessionNotFound, "there is no such session")
    mistake.requestID = "r-2"
    #expect(
      Outcome(mistake) == .failed(line: "there is no such session (SESSION_NOT_FOUND)", status: 1))
  }

  @Test(arguments: [Duration.zero, .milliseconds(-5)])
  func `a time that is over is not waited for`(time: Duration) {
    #expect(
      Outcome(UserAPIError(.upstreamBusy, "busy", retryAfter: time))
        == .failed(line: "busy (UPSTREAM_BUSY)", status: 1))
  }

  @Test(arguments: [
    ["nonsense"], ["call"], ["groups", "--limit", "0"], ["contacts", "--cursor", "x"],
    ["session", "set-phone", "abc"], ["groups", "--timeout", "30"], ["groups", "--url", "ftp://x"],
    ["link", "--phone", "abc"], ["link", "--timeout", "5"],
  ])
  func `a wrong command line is a usage failure`(arguments: [String]) async {
    #expect(await UserAPICommand.outcome(of: arguments).status == 64)
  }

  @Test func `a server that is not there is a failure of its own`() async {
    let outcome = await UserAPICommand.outcome(
      of: ["session", "status", "--session", "s", "--url", "unix:/nowhere/at-all.sock"])
    #expect(
      outcome
        == .failed(
          line: "could not connect to /nowhere/at-all.sock (CONNECTION_FAILED)", status: 2))
  }

  @Test(arguments: [
    ["--help"], ["call", "--help"], ["session", "--help"], ["session", "qr", "--help"],
    ["link", "--help"], [],
  ])
  func `help is no failure`(arguments: [String]) async {
    guard case .help(let text) = await UserAPICommand.outcome(of: arguments) else {
      Issue.record("not help")
      return
    }
    #expect(text.contains("USAGE: user-api"))
  }
}
