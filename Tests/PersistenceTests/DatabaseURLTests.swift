import Testing

@testable import Persistence

@Suite struct DatabaseURLTests {
  @Test(arguments: [
    ("sqlite:user-api.db", "user-api.db"), ("sqlite:/var/lib/a b.db", "/var/lib/a b.db"),
    ("sqlite:./x", "./x"),
  ])
  func `an address names a file`(text: String, path: String) throws {
    #expect(try DatabaseURL(text) == .sqlite(path: path))
  }

  @Test(arguments: [
    "", "sqlite", "sqlite:", "sqlite:/", "sqlite:dir/", "user-api.db", "mysql://host/db",
    "SQLITE:x", "sqlite:a\0b", "postgres:/host", "Postgres://host", "postgresql:host",
  ])
  func `anything else names none`(text: String) {
    #expect(throws: DatabaseURLError.self) { try DatabaseURL(text) }
  }

  @Test(arguments: ["postgres://", "postgresql://"])
  func `an address names a server in libpq's words`(scheme: String) throws {
    let url = try PostgresURL(
      scheme + "us%40er:pass%2Fword@db.example:5433/user_api"
        + "?sslmode=verify-full&options=-c%20a%3Db")
    #expect(
      url.options == [
        "user": "us@er", "password": "pass/word", "host": "db.example", "port": "5433",
        "dbname": "user_api", "sslmode": "verify-full", "options": "-c a=b",
      ])
    #expect(try PostgresURL(scheme).options.isEmpty)
    #expect(try PostgresURL(scheme + "/db?host=/run/pg").options["host"] == "/run/pg")
    #expect(try PostgresURL(scheme + "[::1]:5/db").options["host"] == "::1")
    #expect(try PostgresURL(scheme + "h?ssl=true").options["sslmode"] == "require")
  }

  static let secret = "hunter2"

  @Test(arguments: [
    ("postgres://u:hunter2%zz@h/db", "a % is not followed by two hexadecimal digits"),
    ("postgres://u:hunter2%00@h/db", "must not have %00 in it"),
    ("postgres://u:hunter2\0@h/db", "must not have NUL in it"),
    ("postgres://u:hunter2@[::1/db", "an IPv6 address has no ] at its end"),
    ("postgres://u:hunter2@[]/db", "an IPv6 address is empty"),
    ("postgres://u:hunter2@[::1]x/db", "after an IPv6 address there must be : or /"),
    ("postgres://h/db?password=hunter2&hunter2", "a parameter after the ? has no ="),
    ("postgres://h/db?password=hunter2=x", "a parameter after the ? has more than one ="),
    ("postgres://h/db?hunter2=x", "a parameter after the ? is none that libpq knows"),
    (
      "postgres://u:hunter2@h/db?sslmode=hunter2",
      "sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full"
    ),
    (
      "postgres://u:hunter2@h/db?target_session_attrs=hunter2",
      "target_session_attrs must be one of any, read-write, read-only, primary, standby, "
        + "prefer-standby"
    ),
    (
      "postgres://u:hunter2@h/db?channel_binding=x",
      "channel_binding must be one of disable, prefer, require"
    ),
    ("postgres://u:hunter2@h/db?connect_timeout=hunter2", "connect_timeout must be a number"),
    ("postgres://u:hunter2@h:hunter2/db", "a port must be a number from 1 to 65535"),
    ("postgres://u:hunter2@h:65536/db", "a port must be a number from 1 to 65535"),
    ("postgres://u:hunter2@h:0/db", "a port must be a number from 1 to 65535"),
    // A password with an @ that is not written as %40.
    ("postgres://u:a@hunter2:b@h/db", "a port must be a number from 1 to 65535"),
    (
      "postgres://u:hunter2@a,b,c/db?port=1,2", "there must be one port, or as many as hosts"
    ),
    (
      "postgres://u:hunter2@a,b/db?hostaddr=::1", "there must be as many of hostaddr as of hosts"
    ),
  ])
  func `what is wrong is said, and nothing of what is there`(text: String, problem: String) {
    let error = #expect(throws: DatabaseURLError.self) { try DatabaseURL(text) }
    #expect(error?.problem == problem)
    #expect(error.map { "\($0)" }?.contains(Self.secret) == false)
  }

  @Test func `an address prints as nothing`() throws {
    let url = try DatabaseURL("postgres://user:hunter2@host/db")
    for text in ["\(url)", String(reflecting: url), "\([url])", "\([1: url])"] {
      #expect(!text.contains("hunter2"))
      #expect(text.contains("<redacted>"))
    }
    var dumped = ""
    dump(url, to: &dumped)
    let server = try PostgresURL("postgres://user:hunter2@host/db")
    dump(server, to: &dumped)
    dump(PostgresSession.Target(attempts: server.attempts, timeout: .seconds(1)), to: &dumped)
    // The whole pool, as whoever prints what he has would.
    let database = PostgresDatabase(url: server)
    dump(database, to: &dumped)
    #expect(!dumped.contains("hunter2"))
  }

  @Test func `each host is an attempt of its own, with its port`() throws {
    func places(_ text: String) throws -> [String] {
      try PostgresURL(text).attempts.map {
        "\($0["host"] ?? "-") \($0["hostaddr"] ?? "-") \($0["port"] ?? "-")"
      }
    }
    #expect(try places("postgres:///db") == ["- - -"])
    #expect(try places("postgres://a:1/db") == ["a - 1"])
    #expect(try places("postgres://a:1,b:2/db") == ["a - 1", "b - 2"])
    // libpq has a port for each then, those that are left out empty.
    #expect(try places("postgres://a,b:2/db") == ["a - -", "b - 2"])
    #expect(try places("postgres://a,b/db?port=7") == ["a - 7", "b - 7"])
    #expect(
      try places("postgres:///db?host=a,/run&hostaddr=::1,&port=1,2") == ["a ::1 1", "/run - 2"])
    #expect(try places("postgres:///db?hostaddr=::1,::2") == ["- ::1 -", "- ::2 -"])
  }

  @Test func `a standby is looked for on all hosts before another server will do`() throws {
    let attempts = try PostgresURL("postgres://a,b/db?target_session_attrs=prefer-standby").attempts
    #expect(
      attempts.map { [$0["host"], $0["target_session_attrs"]] } == [
        ["a", "standby"], ["b", "standby"], ["a", "any"], ["b", "any"],
      ])
    let others = try PostgresURL("postgres://a,b/db?target_session_attrs=read-write").attempts
    #expect(others.map { $0["target_session_attrs"] } == ["read-write", "read-write"])
  }

  @Test func `what an address does not say is chosen so that no wait is without an end`() throws {
    let defaults = try PostgresURL("postgres://h/db")
    #expect(defaults.attempts[0]["tcp_user_timeout"] == "5000")
    #expect(defaults.attempts[0]["keepalives_idle"] == "10")
    #expect(defaults.connectTimeout == nil)
    let other = try PostgresURL(
      "postgres://h/db?tcp_user_timeout=70&connect_timeout=3&client_encoding=LATIN1")
    #expect(other.attempts[0]["tcp_user_timeout"] == "70")
    #expect(other.attempts[0]["client_encoding"] == "UTF8")
    #expect(other.connectTimeout == .seconds(3))
    #expect(try PostgresURL("postgres://h/db?connect_timeout=0").connectTimeout == nil)
  }
}
