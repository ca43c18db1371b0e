package import Foundation

/// A PostgreSQL server of a test's own, which it may stop, kill and start again.
package struct PostgresCluster: Sendable {
  package let folder: URL
  /// Of its database `postgres`, the same each time it is started.
  package let server: PostgresServer

  private static let script = URL(fileURLWithPath: #filePath)
    .appending(path: "../../../scripts/postgres").standardizedFileURL.path

  /// Where clusters are made; whoever set the variable ends those that a test could not.
  private static let place =
    ProcessInfo.processInfo.environment["USER_API_TEST_CLUSTERS"]
    .map { URL(fileURLWithPath: $0) } ?? FileManager.default.temporaryDirectory

  /// Runs `body` with a new server, and ends it after.
  ///
  /// - Parameter prepare: Puts `server.crt` and `server.key` into the folder, for TLS.
  package static func with(
    prepare: (URL) async throws -> Void = { _ in },
    _ body: (PostgresCluster) async throws -> Void
  ) async throws {
    let folder = Self.place.appending(path: "user-api-pg-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let result: Result<Void, any Error>
    do {
      try await prepare(folder)
      let cluster = PostgresCluster(
        folder: folder, server: PostgresServer(url: try await Self.start(folder)))
      do { result = .success(try await body(cluster)) } catch { result = .failure(error) }
      // It may be stopped already.
      _ = try? await Self.run("stop", folder)
    } catch {
      result = .failure(error)
    }
    try FileManager.default.removeItem(at: folder)
    try result.get()
  }

  private static func start(_ folder: URL) async throws -> String {
    try await Self.run("start", folder).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func run(_ command: String, _ folder: URL) async throws -> String {
    try await Tool.run(Self.script, [command, folder.path])
  }

  /// Kills it and all that it runs, as nobody can keep the kernel from doing.
  package func kill() async throws {
    _ = try await Self.run("kill", self.folder)
  }

  package func stop() async throws {
    _ = try await Self.run("stop", self.folder)
  }

  /// Starts it again, where it was.
  package func start() async throws {
    _ = try await Self.start(self.folder)
  }
}
