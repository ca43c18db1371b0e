import Foundation
import NIOConcurrencyHelpers
import SessionService
import TestKit
import Testing
import UserAPI

@testable import Persistence

/// How servers are reached, and what becomes of their going and coming.
@Suite(.needsPostgres, .timeLimit(.minutes(10))) struct PostgresServerTests {
  /// Why the database does not answer; nil when it does.
  private func problem(_ url: PostgresURL) async -> String? {
    let database = PostgresDatabase(url: url, configuration: .patient)
    // A probe has no time for a second host.
    let error = await failure { () async throws(UserAPIError) in _ = try await backend(database) }
    await database.close()
    guard let error else { return nil }
    #expect(error.reason == .storeUnavailable)
    return error.cause.map { "\($0)" }
  }

  // MARK: Addresses

  @Test func `who has the wrong password is told so, and the password is not`() async throws {
    try await withEmptyPostgres { raw async throws in
      let refused = "the server refuses the connection, SQLSTATE "
      #expect(
        try await self.problem(postgresURL(of: raw, password: "hunter2"))
          == refused + "28P01: the password is refused")
      #expect(
        try await self.problem(postgresURL(of: raw, user: "nobody"))
          == refused + "28P01: the password is refused")
      let other = PostgresTestDatabase(name: "x", url: raw.url + "x")
      #expect(
        try await self.problem(postgresURL(of: other))
          == refused + "3D000: there is no such database")
    }
  }

  @Test func `the first host of several that is reached will do`() async throws {
    try await withEmptyPostgres { raw async throws in
      // Takes connections, and never says a word.
      let mute = try MuteServer()
      let port = URLComponents(string: raw.url)?.port ?? 0
      for hosts in [
        "127.0.0.1:\(port)", "127.0.0.1:1,127.0.0.1:\(port)", "127.0.0.1:\(port),127.0.0.1:1",
        "127.0.0.1:\(mute.port),127.0.0.1:\(port)", "localhost:\(port)",
      ] {
        let problem = await self.problem(
          try postgresURL(of: raw, host: hosts, query: "?connect_timeout=3"))
        #expect(problem == nil, "\(hosts)")
      }
      for (hosts, expected) in [
        ("127.0.0.1:1", "nobody listens there"),
        ("127.0.0.1:\(mute.port)", "the server does not answer"),
        ("%2Fnonexistent:\(port)", "there is no such socket or file"),
      ] {
        let problem = await self.problem(
          try postgresURL(of: raw, host: hosts, query: "?connect_timeout=3"))
        #expect(problem == expected, "\(hosts)")
      }
    }
  }

  @Test(arguments: [
    ("any", nil), ("read-write", nil), ("primary", nil), ("prefer-standby", nil),
    ("standby", "no server is as target_session_attrs asks"),
    ("read-only", "no server is as target_session_attrs asks"),
  ])
  func `what is asked of a server is minded`(attributes: String, expected: String?) async throws {
    try await withEmptyPostgres { raw async throws in
      let problem = await self.problem(
        try postgresURL(of: raw, query: "?target_session_attrs=" + attributes))
      #expect(problem == expected)
    }
  }

  // MARK: TLS and sockets

  @Test func `TLS is as strict as it is asked to be, and a socket does without`() async throws {
    let authorities = NIOLockedValueBox<[String]>([])
    try await PostgresCluster.with { folder in
      let authority = try await CertificateAuthority("ca", in: folder)
      let other = try await CertificateAuthority("other", in: folder)
      let files = try await authority.issue("localhost", names: ["DNS:localhost"])
      for (from, to) in [(files.certificate, "server.crt"), (files.key, "server.key")] {
        try FileManager.default.copyItem(
          atPath: from, toPath: folder.appending(path: to).path)
      }
      authorities.withLockedValue { $0 = [authority.certificate, other.certificate] }
    } _: { cluster async throws in
      let raw = PostgresTestDatabase(name: "postgres", url: cluster.server.url)
      let (authority, other) = authorities.withLockedValue { ($0[0], $0[1]) }
      for (host, query, expected) in [
        ("localhost", "sslmode=verify-full&sslrootcert=\(authority)", nil),
        (
          "localhost", "sslmode=verify-full&sslrootcert=\(other)",
          "the server's certificate is not trusted"
        ),
        (
          "127.0.0.1", "sslmode=verify-full&sslrootcert=\(authority)",
          "the server's certificate is for another host"
        ),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert=\(authority)", nil),
        (
          "127.0.0.1", "sslmode=verify-ca&sslrootcert=\(other)",
          "the server's certificate is not trusted"
        ),
        (
          "localhost", "sslmode=verify-full&sslrootcert=/nonexistent",
          "the file that sslrootcert names cannot be read"
        ),
        ("127.0.0.1", "sslmode=require", nil), ("127.0.0.1", "sslmode=disable", nil),
      ] as [(String, String, String?)] {
        let port = URLComponents(string: raw.url)?.port ?? 0
        let url = try postgresURL(of: raw, host: "\(host):\(port)", query: "?" + query)
        #expect(await self.problem(url) == expected, "\(host) \(query)")
        guard expected == nil else { continue }
        let database = PostgresDatabase(url: url, configuration: .patient)
        let isEncrypted = try await database.read { session throws(PostgresFailure) in
          try session.query(
            "SELECT ssl::int::bigint FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
          ).first { row throws(PostgresFailure) in try row.integer(0) }
        }
        #expect(isEncrypted == (query == "sslmode=disable" ? 0 : 1))
        // To leave a statement works over it as well.
        let caller = Task { try await backend(database, after: "SELECT pg_sleep(60)::text") }
        try await eventually { try await sleepers(raw) == 1 }
        caller.cancel()
        #expect(await caller.failure?.reason == .canceled)
        try await eventually { try await sleepers(raw) == 0 }
        try await database.ping()
        await database.close()
      }
      let port = URLComponents(string: raw.url)?.port ?? 0
      let socket = cluster.folder.path.addingPercentEncoding(withAllowedCharacters: .alphanumerics)
      let url = try postgresURL(of: raw, host: "\(socket ?? ""):\(port)")
      #expect(await self.problem(url) == nil)
    }
  }

  @Test func `a server without TLS is refused where TLS is asked for`() async throws {
    try await withEmptyPostgres { raw async throws in
      let problem = await self.problem(try postgresURL(of: raw, query: "?sslmode=require"))
      #expect(problem == "the server does not speak TLS")
    }
  }

  // MARK: Going and coming

  @Test func `a server that is killed is noticed at once, and used again once it is back`()
    async throws
  {
    try await PostgresCluster.with { cluster async throws in
      let url = try PostgresURL(cluster.server.url)
      let database = PostgresDatabase(url: url, configuration: .patient)
      try await database.migrate()
      // Acknowledged is what survives.
      let acknowledged = NIOLockedValueBox<[String]>([])
      let isOver = NIOLockedValueBox(false)
      let writers = (0..<8).map { writer in
        Task {
          var number = 0
          while !isOver.withLockedValue({ $0 }), !Task.isCancelled {
            number += 1
            let user = "user-\(writer)-\(number)"
            let error = await failure { () async throws(UserAPIError) in
              _ = try await database.insertSession(makeSession(user))
            }
            if let error {
              #expect(error.reason == .storeUnavailable)
              // Whoever is refused comes again, and not at once.
              await pause()
            } else {
              acknowledged.withLockedValue { $0.append(user) }
            }
          }
        }
      }
      for _ in 0..<3 {
        let before = acknowledged.withLockedValue { $0.count }
        await until { acknowledged.withLockedValue { $0.count } > before + 50 }
        try await cluster.kill()
        await until {
          let error = await failure { () async throws(UserAPIError) in try await database.ping() }
          return error?.reason == .storeUnavailable
        }
        // As long as it is down, nobody waits.
        for _ in 0..<1_000 {
          let error = await failure { () async throws(UserAPIError) in
            _ = try await database.session(ofUser: "user-1")
          }
          #expect(error?.reason == .storeUnavailable)
        }
        try await cluster.start()
        await until {
          await failure { () async throws(UserAPIError) in try await database.ping() } == nil
        }
      }
      isOver.withLockedValue { $0 = true }
      for writer in writers { await writer.value }
      let written = acknowledged.withLockedValue { $0 }
      for user in written {
        let stored = try await database.session(ofUser: user)
        #expect(stored?.userID == user)
      }
      await database.close()
    }
  }

  @Test func `a server that was restarted between two calls is no error`() async throws {
    try await PostgresCluster.with { cluster async throws in
      let database = PostgresDatabase(
        url: try PostgresURL(cluster.server.url), configuration: .patient)
      try await database.migrate()
      for round in 0..<2 {
        // Several connections, all of them idle when it goes.
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<5 {
            group.addTask { _ = try await backend(database, after: "SELECT pg_sleep(0.05)::text") }
          }
          try await group.waitForAll()
        }
        try await cluster.stop()
        await until { database.pool.counts.idle == 0 }
        try await cluster.start()
        await until { database.pool.counts.idle == 1 }
        let user = "user-\(round)"
        let stored = try await database.insertSession(makeSession(user))
        #expect(stored == makeSession(user))
      }
      await database.close()
    }
  }

  @Test func `a program that starts before its server finds it later`() async throws {
    try await PostgresCluster.with { cluster async throws in
      try await cluster.stop()
      let database = PostgresDatabase(
        url: try PostgresURL(cluster.server.url), configuration: .patient)
      let error = await failure { () async throws(UserAPIError) in try await database.migrate() }
      #expect(error?.reason == .storeUnavailable)
      #expect(error?.cause.map { "\($0)" } == "nobody listens there")
      try await cluster.start()
      await until {
        await failure { () async throws(UserAPIError) in try await database.migrate() } == nil
      }
      #expect(try await database.session(ofUser: "user-1") == nil)
      await database.close()
    }
  }

  @Test func `a server without room for more is used with what it gives`() async throws {
    try await PostgresCluster.with { cluster async throws in
      let raw = PostgresTestDatabase(name: "postgres", url: cluster.server.url)
      try await raw.run("CREATE ROLE few LOGIN PASSWORD 'pw' CONNECTION LIMIT 2")
      let database = PostgresDatabase(
        url: try postgresURL(of: raw, user: "few", password: "pw"), configuration: .patient)
      let pids = try await withThrowingTaskGroup(of: Int64.self) { group in
        for _ in 0..<40 {
          group.addTask { try await backend(database, after: "SELECT pg_sleep(0.01)::text") }
        }
        return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
      }
      #expect(pids.count == 2)
      await database.close()
    }
  }
}

/// A port that takes connections and never says a word.
private final class MuteServer: Sendable {
  private let socket: Int32
  let port: UInt16

  init() throws {
    self.socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let socket = self.socket
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(socket, pointer, length) | listen(socket, 16) | getsockname(socket, pointer, &length)
      }
    }
    guard status == 0 else { throw Tool.Failure(description: "no port") }
    self.port = UInt16(bigEndian: address.sin_port)
  }

  deinit {
    close(self.socket)
  }
}
