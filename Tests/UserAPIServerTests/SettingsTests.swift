import AuthService
import Foundation
import HTTP2
import Logging
import NIOCore
import Persistence
import Testing
import WAHA

@testable import UserAPIServer

@Suite struct SettingsTests {
  @Test func `with nothing given the defaults of the README hold`() throws {
    let settings = try Settings(flags: [:], environment: [:])
    #expect(settings.listen == .tcp(host: "127.0.0.1", port: 8_080))
    #expect(settings.tls == nil)
    #expect(settings.webhooks == nil)
    #expect(settings.adminListen == .tcp(host: "127.0.0.1", port: 9_090))
    #expect(settings.wahaAPIKey == nil)
    #expect(settings.database == .sqlite(path: "user-api.db"))
    #expect(settings.databasePool == 10)
    #expect(settings.statusMaxAge == .seconds(1))
    #expect(settings.drainGrace == .seconds(30))
    #expect(settings.logging.level == .info)
    #expect(settings.logging.format == .text)
  }

  @Test func `a flag counts before the environment, also where one of them is a file`() throws {
    let environment = [
      "USER_API_LISTEN": "127.0.0.1:1", "DATABASE_URL_FILE": "/nonexistent", "LOG_LEVEL": "debug",
    ]
    let settings = try Settings(
      flags: ["USER_API_LISTEN": "unix:/run/user-api.sock", "DATABASE_URL": "sqlite:/a.db"],
      environment: environment)
    #expect(settings.listen == .unix(path: "/run/user-api.sock"))
    #expect(settings.database == .sqlite(path: "/a.db"))
    #expect(settings.logging.level == .debug)
  }

  @Test func `an empty variable counts as none`() throws {
    let settings = try Settings(
      flags: [:], environment: ["USER_API_LISTEN": "", "WAHA_API_KEY": ""])
    #expect(settings.listen == .tcp(host: "127.0.0.1", port: 8_080))
    #expect(settings.wahaAPIKey == nil)
  }

  @Test func `a secret is read from its file without the end of the line`() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try Data("sqlite:from-file.db\n".utf8).write(to: file)
    defer { unlink(file.path) }
    let database = try Settings.database(
      flags: [:], environment: ["DATABASE_URL_FILE": file.path])
    #expect(database == .sqlite(path: "from-file.db"))
    #expect(throws: SettingsError.self) {
      try Settings.database(
        flags: [:], environment: ["DATABASE_URL_FILE": file.path, "DATABASE_URL": "sqlite:a"])
    }
  }

  @Test(arguments: [
    ("USER_API_LISTEN", "8080"), ("USER_API_LISTEN", "host:99999"), ("USER_API_LISTEN", "unix:x"),
    ("USER_API_LISTEN", "::1:80"), ("WAHA_API_URL", "http://user:pass@host"),
    ("WAHA_API_URL", "http://host?x"), ("WAHA_API_URL", "a=http://x a=http://y"),
    ("WAHA_API_KEY", "two words"),
    ("DATABASE_URL", "mysql://h/x"), ("DATABASE_URL", "postgres://u:hunter2@h/x?sslmode=on"),
    ("USER_API_DATABASE_POOL", "0"), ("USER_API_DATABASE_POOL", "201"),
    ("USER_API_STATUS_MAX_AGE", "1"),
    ("USER_API_STATUS_MAX_AGE", "1001ms"), ("USER_API_DRAIN_GRACE", "-1s"),
    ("USER_API_VERIFICATION_AGE", "2s"), ("USER_API_VERIFICATION_AGE", "2h"),
    ("USER_API_RECONCILE_INTERVAL", "999ms"), ("USER_API_RECONCILE_INTERVAL", "often"),
    ("USER_API_THREADS", "0"), ("USER_API_WEBHOOK_URL", "user-api:9090"),
    ("USER_API_WEBHOOK_URL", "http://user:pass@user-api"),
    ("USER_API_WEBHOOK_SECRET", "fifteen-bytes.."),
    ("USER_API_MAX_CONNECTIONS", "0"), ("USER_API_MAX_MESSAGE_SIZE", "1MB"),
    ("USER_API_MAX_BUFFERED", "9999999999999999GiB"), ("USER_API_MAX_BUFFERED", "-1"),
    ("USER_API_RESET_LIMIT", "500"), ("USER_API_PING_LIMIT", "1/0"),
    ("USER_API_PING_LIMIT", "1/2/3"), ("USER_API_IDLE_TIMEOUT", "5"),
    ("USER_API_BODY_TIMEOUT", "soon"),
  ])
  func `a bad setting is named, and its value is not`(name: String, value: String) throws {
    let error = #expect(throws: SettingsError.self) {
      try Settings(flags: [:], environment: [name: value])
    }
    #expect(error?.name == name)
    #expect(error?.description.contains(value) == false || value.count < 5)
  }

  @Test func `a bad list of WAHA hosts is told of by its entry, without its URL`() {
    let error = #expect(throws: SettingsError.self) {
      try Settings(
        flags: [:], environment: ["WAHA_API_URL": "a=http://a b=http://user:hunter2@host"])
    }
    #expect(error?.description.contains("entry 2 (b)") == true)
    #expect(error?.description.contains("hunter2") == false)
  }

  @Test func `limits are read in their units, and a time of nothing is no limit`() throws {
    let settings = try Settings(
      flags: ["USER_API_MAX_STREAMS": "10"],
      environment: [
        "USER_API_MAX_BUFFERED": "64MiB", "USER_API_MAX_HEADER_LIST_SIZE": "5000",
        "USER_API_RESET_LIMIT": "20/5", "USER_API_IDLE_TIMEOUT": "90s",
        "USER_API_MAX_CONNECTION_AGE": "0s", "USER_API_BODY_TIMEOUT": "0s",
        "USER_API_MAX_MESSAGE_SIZE": "2MiB",
      ])
    let limits = settings.connectionLimits
    #expect(limits.session.maxConcurrentStreams == 10)
    #expect(limits.maxBufferedBytes == 64 << 20)
    #expect(limits.session.maxHeaderListSize == 5_000)
    #expect(limits.session.floods.resets == RateLimit(burst: 20, perSecond: 5))
    #expect(limits.timeouts.idle == .seconds(90))
    #expect(limits.timeouts.maxAge == nil)
    #expect(settings.callLimits.bodyTimeout == nil)
    #expect(settings.callLimits.maxMessageSize == 2 << 20)
  }

  @Test func `TLS takes a certificate and its key, and perhaps CAs of clients`() throws {
    let settings = try Settings(
      flags: ["USER_API_TLS_KEY": "/flag.key"],
      environment: ["USER_API_TLS_CERT": "/c.pem", "USER_API_TLS_KEY": "/k.pem"])
    #expect(settings.tls?.certificate == "/c.pem")
    #expect(settings.tls?.key == "/flag.key")
    #expect(settings.tls?.clientCA == nil)
    let mutual = try Settings(
      flags: [:],
      environment: [
        "USER_API_TLS_CERT": "/c.pem", "USER_API_TLS_KEY": "/k.pem",
        "USER_API_TLS_CLIENT_CA": "/ca.pem",
      ])
    #expect(mutual.tls?.clientCA == "/ca.pem")
  }

  @Test(arguments: [
    ("USER_API_TLS_CERT", ["USER_API_TLS_CERT": "/c.pem"]),
    ("USER_API_TLS_KEY", ["USER_API_TLS_KEY": "/k.pem"]),
    ("USER_API_TLS_CLIENT_CA", ["USER_API_TLS_CLIENT_CA": "/ca.pem"]),
    (
      "USER_API_TLS_CERT",
      [
        "USER_API_TLS_CERT": "/c.pem", "USER_API_TLS_KEY": "/k.pem",
        "USER_API_LISTEN": "unix:/run/user-api.sock",
      ]
    ),
  ])
  func `a part of TLS alone is refused, and so is TLS on a unix socket`(
    name: String, environment: [String: String]
  ) {
    let error = #expect(throws: SettingsError.self) {
      try Settings(flags: [:], environment: environment)
    }
    #expect(error?.name == name)
  }

  private static let jwt = [
    "USER_API_JWT_JWKS": "/keys.json", "USER_API_JWT_ISSUER": "https://id.example.org",
    "USER_API_JWT_AUDIENCE": "user-api",
  ]

  @Test func `JWTs take keys, an issuer and an audience`() throws {
    let settings = try Settings(flags: [:], environment: Self.jwt)
    #expect(settings.jwt?.keys == .file(path: "/keys.json"))
    #expect(settings.jwt?.refreshInterval == .seconds(300))
    #expect(
      settings.jwt?.tokens
        == JWTConfiguration(issuer: "https://id.example.org", audience: "user-api"))
    #expect(settings.jwt?.tokens.leeway == .seconds(30))
    #expect(settings.jwt?.tokens.roleClaim == "role")
    #expect(settings.jwt?.tokens.scopeClaim == "scope")
    #expect(settings.jwt?.tokens.defaultRole == .guest)
  }

  @Test func `all of JWTs can be set, by flags too`() throws {
    let settings = try Settings(
      flags: [
        "USER_API_JWT_JWKS": "https://id.example.org/certs?v=2", "USER_API_JWT_LEEWAY": "0s",
      ],
      environment: Self.jwt.merging([
        "USER_API_JWT_LEEWAY": "1m", "USER_API_JWT_REFRESH": "24h",
        "USER_API_JWT_ROLE_CLAIM": "realm_access.roles", "USER_API_JWT_SCOPE_CLAIM": "scp",
        "USER_API_JWT_DEFAULT_ROLE": "USER",
      ]) { $1 })
    #expect(
      settings.jwt?.keys == (HTTPURL("https://id.example.org/certs?v=2").map { .url($0) }))
    #expect(settings.jwt?.refreshInterval == .seconds(86_400))
    #expect(settings.jwt?.tokens.leeway == .zero)
    #expect(settings.jwt?.tokens.roleClaim == "realm_access.roles")
    #expect(settings.jwt?.tokens.scopeClaim == "scp")
    #expect(settings.jwt?.tokens.defaultRole == .user)
  }

  @Test(arguments: [
    "USER_API_JWT_ISSUER", "USER_API_JWT_AUDIENCE", "USER_API_JWT_LEEWAY", "USER_API_JWT_REFRESH",
    "USER_API_JWT_ROLE_CLAIM", "USER_API_JWT_SCOPE_CLAIM", "USER_API_JWT_DEFAULT_ROLE",
  ])
  func `without keys no other setting of JWTs is taken`(name: String) {
    let error = #expect(throws: SettingsError.self) {
      try Settings(flags: [:], environment: [name: "30s"])
    }
    #expect(error?.description == "\(name): needs USER_API_JWT_JWKS as well")
  }

  @Test(arguments: ["USER_API_JWT_ISSUER", "USER_API_JWT_AUDIENCE"])
  func `keys without an issuer or an audience are refused`(name: String) {
    let error = #expect(throws: SettingsError.self) {
      try Settings(flags: [:], environment: Self.jwt.filter { $0.key != name })
    }
    #expect(error?.description == "\(name): USER_API_JWT_JWKS needs it as well")
  }

  @Test(arguments: [
    ("USER_API_JWT_JWKS", "ftp://id.example.org/keys"), ("USER_API_JWT_JWKS", "https://"),
    ("USER_API_JWT_JWKS", "https://user:secret@id.example.org/"),
    ("USER_API_JWT_JWKS", "https://id.example.org/#keys"),
    ("USER_API_JWT_JWKS", "HTTPS://id.example.org/keys"),
    ("USER_API_JWT_JWKS", "https://id.example.org:0/keys"), ("USER_API_JWT_LEEWAY", "301s"),
    ("USER_API_JWT_LEEWAY", "30"), ("USER_API_JWT_REFRESH", "9s"), ("USER_API_JWT_REFRESH", "25h"),
    ("USER_API_JWT_DEFAULT_ROLE", "ROOT"),
  ])
  func `a bad setting of JWTs is named`(name: String, value: String) {
    let error = #expect(throws: SettingsError.self) {
      try Settings(flags: [:], environment: Self.jwt.merging([name: value]) { $1 })
    }
    #expect(error?.name == name)
    #expect(error?.description.contains(value) == false || value.count < 5)
  }

  @Test(arguments: [
    ("http://id.example.org/keys", true), ("http://10.0.0.1/keys", true),
    ("http://localhost.example.org/", true), ("https://id.example.org/keys", false),
    ("http://localhost:8000/keys", false), ("http://127.0.0.1/keys", false),
    ("http://[::1]:8000/keys", false), ("http://127.255.0.9:8000/keys", false),
    ("http://127.evil.org/keys", true), ("http://127.0.0.1.evil.org/keys", true),
    ("http://127.0.0.evil/keys", true), ("http://127.0.0.256/keys", true),
    ("http://127.0.0.01/keys", true), ("http://127.0.1/keys", true),
    ("http://127.0.0.1./keys", true), ("http://127..0.1/keys", true), ("http://127./keys", true),
    ("http://[::1:1]/keys", true), ("https://127.evil.org/keys", false),
  ])
  func `keys that others can change on their way are known`(url: String, isExposed: Bool) {
    #expect(HTTPURL(url)?.isExposed == isExposed)
    #expect(HTTPURL(url)?.text == url)
  }

  @Test func `webhooks take a secret, and a URL where sessions are to be made with them`() throws {
    let secret = ["USER_API_WEBHOOK_SECRET": "secret-of-16-bytes"]
    let alone = try Settings(flags: [:], environment: secret)
    #expect(alone.webhooks != nil)
    #expect(alone.webhooks?.registration == nil)
    let both = try Settings(
      flags: ["USER_API_WEBHOOK_URL": "http://user-api:9090"], environment: secret)
    #expect(both.webhooks?.url?.text == "http://user-api:9090/webhooks/waha")
    #expect(both.webhooks?.registration != nil)
  }

  @Test func `the secret of webhooks can be a file`() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try Data("secret-of-16-bytes\n".utf8).write(to: file)
    defer { unlink(file.path) }
    let settings = try Settings(
      flags: ["USER_API_WEBHOOK_SECRET_FILE": file.path],
      environment: ["USER_API_WEBHOOK_URL": "http://user-api:9090"])
    #expect(settings.webhooks?.registration != nil)
  }

  @Test func `a URL of webhooks without their secret is refused, and what is missing named`() {
    let error = #expect(throws: SettingsError.self) {
      try Settings(flags: [:], environment: ["USER_API_WEBHOOK_URL": "http://user-api:9090"])
    }
    #expect(error?.description == "USER_API_WEBHOOK_SECRET: USER_API_WEBHOOK_URL needs it as well")
  }

  @Test func `printing the settings does not print their secrets`() throws {
    let settings = try Settings(
      flags: [:],
      environment: [
        "WAHA_API_KEY": "secret-key", "USER_API_WEBHOOK_URL": "http://user-api:9090",
        "USER_API_WEBHOOK_SECRET": "secret-of-16-bytes",
      ])
    var dumped = ""
    dump(settings, to: &dumped)
    for text in ["\(settings)", String(reflecting: settings), dumped] {
      #expect(!text.contains("secret-key"))
      #expect(!text.contains("secret-of"))
    }
  }

  @Test(arguments: [
    ("[::1]:80", ListenAddress.tcp(host: "::1", port: 80)),
    ("localhost:0", .tcp(host: "localhost", port: 0)), ("unix:/a b", .unix(path: "/a b")),
  ])
  func `an address is read`(text: String, address: ListenAddress) {
    #expect(ListenAddress(text) == address)
  }
}
