import Foundation
import NIOConcurrencyHelpers
import TestKit
import UserAPI

@testable import Persistence

/// Holds a connection's thread until a test lets it go.
final class Gate: Sendable {
  private let reached = NIOLockedValueBox(false)
  private let semaphore = DispatchSemaphore(value: 0)

  /// On the thread that is to be held.
  func pass() {
    self.reached.withLockedValue { $0 = true }
    self.semaphore.wait()
  }

  func isReached() async {
    await until { self.reached.withLockedValue { $0 } }
  }

  func open() {
    self.semaphore.signal()
  }
}

/// Returns once it is so; a test's time limit bounds it. What does not come soon is asked for at the
/// pace of a program's run, so that the other tests have the cores.
func until(_ isSo: () async -> Bool) async {
  var round = 0
  while !Task.isCancelled, await !isSo() {
    round += 1
    if round < 100 { await Task.yield() } else { await pause() }
  }
}

/// Takes as long as a program that does nothing.
func pause() async {
  do { try await Tool.run("true", []) } catch {
    // There is none: it is asked for sooner.
  }
}

/// Asks until it is so. Bounded by the number of times, each of which takes a program's run.
func eventually(_ isSo: () async throws -> Bool) async throws {
  for _ in 0..<2_000 {
    if try await isSo() { return }
    try Task.checkCancellation()
  }
  throw Tool.Failure(description: "never came true")
}

/// The process that serves the connection.
func processID(_ session: PostgresSession) throws(PostgresFailure) -> Int64 {
  let rows = try session.query("SELECT pg_backend_pid()::bigint")
  let pid = try rows.first { row throws(PostgresFailure) in try row.integer(0) }
  return pid ?? 0
}

/// The process that serves the next connection, after another statement.
func backend(
  _ database: PostgresDatabase, after statement: String? = nil
) async throws(UserAPIError) -> Int64 {
  try await database.read { session throws(PostgresFailure) in
    if let statement { try session.query(statement) }
    return try processID(session)
  }
}

/// How many connections of ours there are.
func connections(_ raw: PostgresTestDatabase) async throws -> Int {
  try await count(raw, "application_name = 'user-api-server'")
}

/// How many of them sleep.
func sleepers(_ raw: PostgresTestDatabase) async throws -> Int {
  try await count(raw, "wait_event = 'PgSleep'")
}

private func count(_ raw: PostgresTestDatabase, _ condition: String) async throws -> Int {
  let lines = try await raw.run(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND \(condition)")
  return lines.first.flatMap { Int($0) } ?? -1
}

func terminate(_ pid: Int64, _ raw: PostgresTestDatabase) async throws {
  try await raw.run("SELECT pg_terminate_backend(\(pid), 5000)")
}

/// The address of a database for somebody else, with what is added after it.
func postgresURL(
  of raw: PostgresTestDatabase, user: String = "postgres", password: String? = nil,
  host: String? = nil, query: String = ""
) throws -> PostgresURL {
  var components = URLComponents(string: raw.url) ?? URLComponents()
  components.user = user
  if let password { components.password = password }
  var text = components.string ?? ""
  if let host {
    let port = components.port.map { ":\($0)" } ?? ""
    text = text.replacingOccurrences(of: "@127.0.0.1\(port)", with: "@\(host)")
  }
  return try PostgresURL(text + query)
}
