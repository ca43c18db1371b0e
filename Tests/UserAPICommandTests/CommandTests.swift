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
