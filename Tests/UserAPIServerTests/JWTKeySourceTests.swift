import AuthService
import Crypto
import Foundation
import Logging
import TestKit
import Testing
import WAHA

@testable import UserAPIServer

@Suite(.timeLimit(.minutes(10))) struct JWTKeySourceTests {
  private let log = LogRecorder()

  private func fetch(
    _ server: KeyServer, timeout: Duration = .seconds(30)
  ) async -> Result<[UInt8], JWTKeySetError> {
    guard let url = HTTPURL("http://127.0.0.1:\(server.port)/keys?a=b") else {
      return .failure(JWTKeySetError("no URL"))
    }
    do throws(JWTKeySetError) {
      return .success(try await JWTKeyURL(url: url, timeout: timeout).keySet())
    } catch {
      return .failure(error)
    }
  }

  private static func answer(_ status: String, _ body: String, _ headers: String = "") -> String {
    "HTTP/1.1 \(status)\r\n\(headers)content-length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  @Test func `keys are what a server answers with`() async throws {
    try await KeyServer.with(Self.answer("200 OK", #"{"keys":[]}"#)) { server in
      #expect(await self.fetch(server) == .success(Array(#"{"keys":[]}"#.utf8)))
    }
  }

  @Test(arguments: [
    (Self.answer("404 Not Found", "{}"), "the server answers with status 404"),
    (Self.answer("204 No Content", ""), "the server answers with status 204"),
    (
      Self.answer("302 Found", "", "location: http://127.0.0.1/\r\n"),
      "the server answers with status 302"
    ),
    ("what\r\n\r\n", "the answer is no HTTP"),
    ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", "the server cannot be reached"),
    ("HTTP/1.1 200 OK\r\ncontent-length: 262145\r\n\r\n{", "the answer is too long"),
    (
      "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: " ", count: 262_145), "the answer is too long"
    ),
  ])
  func `any other answer gives no keys`(answer: String, problem: String) async throws {
    try await KeyServer.with(answer) { server in
      #expect(await self.fetch(server) == .failure(JWTKeySetError(problem)))
    }
  }

  @Test func `a server that does not answer, or is not there, gives no keys`() async throws {
    var gone: KeyServer?
    try await KeyServer.with("") { server in
      gone = server
      #expect(
        await self.fetch(server, timeout: .milliseconds(50))
          == .failure(JWTKeySetError("the server does not answer in time")))
    }
    #expect(
      await self.fetch(try #require(gone))
        == .failure(JWTKeySetError("the server cannot be reached")))
  }

  // MARK: The start

  private static let secretKey =
    #"{"keys":[{"kty":"oct","k":"\#(String(repeating: "A", count: 43))"},{"kty":"?"}]}"#

  private static var publicKey: String {
    let x = Curve25519.Signing.PrivateKey().publicKey.rawRepresentation.base64EncodedString()
      .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    return #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"\#(x)"}]}"#
  }

  private func verifier(_ keys: String) async throws -> JWTVerifier {
    let settings = try Settings(
      flags: [:],
      environment: [
        "USER_API_JWT_JWKS": keys, "USER_API_JWT_ISSUER": "i", "USER_API_JWT_AUDIENCE": "a",
      ])
    return try await JWTVerifier(
      settings: try #require(settings.jwt),
      logger: self.log.logger(level: .trace))
  }

  private func withFile(_ text: String, _ body: (String) async throws -> Void) async throws {
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try Data(text.utf8).write(to: file)
    defer { unlink(file.path) }
    try await body(file.path)
  }

  @Test func `keys in a file are there at the start, and can be secret`() async throws {
    try await self.withFile(Self.secretKey) { path in
      let verifier = try await self.verifier(path)
      #expect(self.log.texts.count == 1)
      #expect(self.log.texts.first?.contains("keys of JWTs loaded") == true)
      // The file is gone at the end, the keys are not.
      try Data("{}".utf8).write(to: URL(filePath: path))
      await #expect(throws: JWTKeySetError.self) { try await verifier.keys.refresh() }
      #expect(self.log.texts.last?.contains("the old ones stay") == true)
    }
  }

  @Test(arguments: [
    "", #"{"keys":[]}"#, #"{"keys":[{"kty":"oct","k":"AAAA"}]}"#,
    String(repeating: " ", count: 262_145),
  ])
  func `a file without a usable key stops the start`(text: String) async throws {
    try await self.withFile(text) { path in
      let error = await #expect(throws: SettingsError.self) { try await self.verifier(path) }
      #expect(error?.name == "USER_API_JWT_JWKS")
      #expect(error?.description.contains(path) == false)
    }
    #expect(self.log.texts.isEmpty)
    let error = await #expect(throws: SettingsError.self) { try await self.verifier("/none/x") }
    #expect(error?.description == "USER_API_JWT_JWKS: the file cannot be read")
  }

  @Test func `keys that are served are public, and are not waited for at the start`() async throws {
    try await KeyServer.with(Self.answer("200 OK", Self.secretKey)) { server in
      let verifier = try await self.verifier("http://127.0.0.1:\(server.port)/")
      #expect(self.log.texts.isEmpty)
      await #expect(throws: JWTKeySetError("it has no key that can be used")) {
        try await verifier.keys.refresh()
      }
      #expect(self.log.texts.first?.contains("no JWT is taken") == true)
    }
    try await KeyServer.with(Self.answer("200 OK", Self.publicKey)) { server in
      let verifier = try await self.verifier("http://127.0.0.1:\(server.port)/")
      try await verifier.keys.refresh()
      #expect(self.log.texts.last?.contains("keys of JWTs loaded") == true)
    }
  }

  @Test func `a URL whose keys can be changed on their way is warned of`() async throws {
    _ = try await self.verifier("http://id.example.org/keys")
    #expect(self.log.texts.count == 1)
    #expect(self.log.texts.first?.contains("cleartext") == true)
  }
}
