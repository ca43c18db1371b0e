import AuthService
import Foundation
import Testing

@testable import UserAPIServer

@Suite struct ClientServicesFileTests {
  /// What is wrong with a table; nil when nothing is.
  private func problem(_ text: String?) throws -> String? {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    let file = folder.appending(path: "services.json")
    if let text { try text.write(to: file, atomically: true, encoding: .utf8) }
    let settings = try Settings(
      flags: [:],
      environment: [
        "USER_API_TLS_CERT": "cert", "USER_API_TLS_KEY": "key", "USER_API_TLS_CLIENT_CA": "ca",
        "USER_API_TLS_CLIENT_SERVICES": file.path,
      ])
    let tls = try #require(settings.tls)
    #expect(tls.clientAuth == .either)
    do throws(SettingsError) {
      #expect(try ClientServices(tls).requirement == .either)
      return nil
    } catch {
      #expect(error.name == "USER_API_TLS_CLIENT_SERVICES")
      return error.problem
    }
  }

  @Test func `a table says by a certificate's name whose it is and what that may do`() throws {
    #expect(
      try self.problem(
        """
        {
          "spiffe://example.org/billing": {"service": "billing"},
          "crm.internal": {"service": "crm", "scopes": ["act-as", "session:read"]},
          "nothing.internal": {"service": "crm", "scopes": []}
        }
        """) == nil)
    #expect(try self.problem("{}") == nil)
  }

  @Test(arguments: [
    (nil, "the file cannot be read"),
    ("", "the file is not a JSON object"), ("[]", "the file is not a JSON object"),
    (#"{"a": 1}"#, #"a needs a "service", of 1 to 255 bytes without spaces"#),
    (#"{"a": {}}"#, #"a needs a "service", of 1 to 255 bytes without spaces"#),
    (#"{"a": {"service": "b c"}}"#, #"a needs a "service", of 1 to 255 bytes without spaces"#),
    (#"{"a": {"service": "b", "scope": []}}"#, #"a has "scope", which means nothing"#),
    (#"{"a": {"service": "b", "scopes": "act-as"}}"#, #"a has "scopes" that are no array"#),
    (
      #"{"a": {"service": "b", "scopes": ["actas"]}}"#,
      "a has a scope that is none of session:read, session:write, directory:read, act-as"
    ),
    (#"{"a": {"service": "b", "service": "c"}}"#, "a says something twice"),
    (#"{"a": {"service": "b"}, "a": {"service": "c"}}"#, "a is there twice"),
  ])
  func `one that makes no sense is refused`(text: String?, problem: String) throws {
    #expect(try self.problem(text) == problem)
  }

  @Test(arguments: [
    (["USER_API_TLS_CLIENT_SERVICES": "x"], "USER_API_TLS_CLIENT_SERVICES"),
    (["USER_API_TLS_CLIENT_AUTH": "both"], "USER_API_TLS_CLIENT_AUTH"),
    (
      [
        "USER_API_TLS_CERT": "c", "USER_API_TLS_KEY": "k", "USER_API_TLS_CLIENT_SERVICES": "x",
      ], "USER_API_TLS_CLIENT_SERVICES"
    ),
    (
      [
        "USER_API_TLS_CERT": "c", "USER_API_TLS_KEY": "k", "USER_API_TLS_CLIENT_CA": "x",
        "USER_API_TLS_CLIENT_AUTH": "both",
      ], "USER_API_TLS_CLIENT_AUTH"
    ),
    (
      [
        "USER_API_TLS_CERT": "c", "USER_API_TLS_KEY": "k", "USER_API_TLS_CLIENT_CA": "x",
        "USER_API_TLS_CLIENT_SERVICES": "x", "USER_API_TLS_CLIENT_AUTH": "certificate",
      ], "USER_API_TLS_CLIENT_AUTH"
    ),
  ])
  func `settings that need others say so`(environment: [String: String], name: String) {
    do throws(SettingsError) {
      _ = try Settings(flags: [:], environment: environment)
      Issue.record("it was taken")
    } catch {
      #expect(error.name == name)
    }
  }
}
