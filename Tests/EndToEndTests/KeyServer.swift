import Foundation
import Testing

/// An identity provider: keys for every algorithm, made by PyJWT, and a web server that shows some of
/// them.
struct KeyServer: Sendable {
  static let issuer = "https://id.example.org"
  /// What a server needs to know beside the keys.
  static let arguments = ["--jwt-issuer", Self.issuer, "--jwt-audience", "user-api"]

  private static let signer =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "scripts/sign-token").path

  private let folder: URL
  private let program: Program
  /// Where the shown keys are.
  let url: String

  /// The path of a file with all keys.
  var file: String { self.folder.appending(path: "all.json").path }

  static func with(_ body: (KeyServer) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "user-api-keys-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    let server = try await KeyServer(folder)
    do { try await body(server) } catch {
      await server.end()
      throw error
    }
    await server.end()
  }

  private init(_ folder: URL) async throws {
    self.folder = folder
    let run = try await Run("/usr/bin/python3", [Self.signer, "keys", folder.path], in: folder)
    #expect(run.status == 0, "\(run.errors)")
    try run.output.write(
      to: folder.appending(path: "all.json"), atomically: true, encoding: .utf8)
    self.program = try Program(
      "/usr/bin/python3",
      ["-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", folder.path, "0"],
      in: folder)
    let line = try await self.program.line { $0.contains("Serving HTTP on") }
    let port = line.split(separator: " ").first { Int($0) != nil } ?? ""
    self.url = "http://127.0.0.1:\(port)/shown.json"
  }

  /// Stops the web server, if it is still there.
  func end() async {
    // It may have been started with everything else blocked.
    self.program.signal(SIGKILL)
    await self.program.end()
  }

  /// Shows the keys of these ids, which are their algorithms, and no others.
  func show(_ ids: [String]) throws {
    let all = try Data(contentsOf: URL(fileURLWithPath: self.file))
    let set = try #require(
      try JSONSerialization.jsonObject(with: all) as? [String: [[String: String]]])
    let keys = try #require(set["keys"]).filter { ids.contains($0["kid"] ?? "") }
    try JSONSerialization.data(withJSONObject: ["keys": keys])
      .write(to: self.folder.appending(path: "shown.json"), options: .atomic)
  }

  /// Signs a token.
  ///
  /// - Parameter claims: Members of the payload; `iss` and `aud` are there unless they are among
  ///   them.
  func token(
    _ algorithm: String, _ claims: String = #""sub":"alice","role":"USER""#
  ) async throws -> String {
    let all = #"{"iss":"\#(Self.issuer)","aud":"user-api",\#(claims)}"#
    let run = try await Run(
      "/usr/bin/python3", [Self.signer, "sign", self.folder.path, algorithm, all],
      in: self.folder)
    #expect(run.status == 0, "\(run.errors)")
    return run.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
