internal import Configuration
package import DirectoryService
internal import Foundation
package import Logging
internal import NIOCore
package import Persistence
internal import UserAPI
package import WAHA

/// What the server is told from outside: by flags, and where they say nothing by the environment.
package struct Settings: Sendable {
  /// Where callers reach the service. Default: `127.0.0.1:8080`.
  package var listen: ListenAddress
  /// Where health, metrics and webhooks are. Default: `127.0.0.1:9090`.
  package var adminListen: ListenAddress
  /// Nil for cleartext.
  package var tls: TLSSettings?
  /// Nil when no JWTs are taken.
  package var jwt: JWTSettings?
  /// One or more, each with a name of its own. Default: `http://127.0.0.1:3000` as `default`.
  package var wahaHosts: [WAHAHost]
  /// The longest answer with a list that is taken from WAHA, in bytes. Default: 64 MiB.
  package var maxListBody: Int
  /// Nil for a WAHA that asks for none.
  package var wahaAPIKey: APIKey?
  /// Nil for no webhooks.
  package var webhooks: WebhookSettings?
  /// Default: `sqlite:user-api.db`.
  package var database: DatabaseURL
  /// The most connections to a PostgreSQL server at once. Default: 10.
  package var databasePool: Int
  /// For how long a session's status is served from memory. Default: 1 s.
  package var statusMaxAge: Duration
  /// For how long a session counts as working once it was seen to. Default: 60 s.
  package var verificationAge: Duration
  /// The time between two comparisons of the database with WAHA; zero for none. Default: 60 s.
  package var reconcileInterval: Duration
  /// How long calls under way may go on when the server stops. Default: 30 s.
  package var drainGrace: Duration
  /// How many event loops carry the connections. Default: one a core.
  package var threads: Int
  /// What one connection, and all of them, may cost.
  package var connectionLimits: ConnectionLimits
  /// How often callers may call.
  package var admissionLimits: AdmissionLimits
  /// What one call may cost.
  package var callLimits: CallLimits
  /// For how long lists of groups and contacts are kept, and what they may take.
  package var directory: Directory.Configuration
  package var logging: LogSettings

  /// Reads all of it.
  ///
  /// - Parameters:
  ///   - flags: By the name of the environment variable that means the same.
  ///   - environment: The process's.
  /// - Throws: ``SettingsError``, which names the setting that is wrong.
  package init(flags: [String: String], environment: [String: String]) throws(SettingsError) {
    let reader = SettingsReader(flags: flags, environment: environment)
    self.listen = try reader.value(
      "USER_API_LISTEN", default: "127.0.0.1:8080", "must be host:port or unix:/path",
      ListenAddress.init)
    self.adminListen = try Self.adminListen(reader)
    self.tls = try TLSSettings(reader, listen: self.listen)
    self.jwt = try JWTSettings(reader)
    do throws(WAHAHostsError) {
      self.wahaHosts = try WAHAHost.list(reader.text("WAHA_API_URL") ?? "http://127.0.0.1:3000")
    } catch {
      throw SettingsError(name: "WAHA_API_URL", problem: error.problem)
    }
    self.wahaAPIKey = try reader.secret("WAHA_API_KEY").map { text throws(SettingsError) in
      guard let key = APIKey(text) else {
        throw SettingsError(
          name: "WAHA_API_KEY", problem: "must be 1 to 512 visible ASCII characters")
      }
      return key
    }
    self.webhooks = try WebhookSettings(reader)
    self.database = try Self.database(reader)
    self.databasePool = try reader.value(
      "USER_API_DATABASE_POOL", default: "10", "must be a number from 1 to 200",
      { Int($0).flatMap { (1...200).contains($0) ? $0 : nil } })
    self.statusMaxAge = try reader.value(
      "USER_API_STATUS_MAX_AGE", default: "1s", "must be a duration of at most 1s, such as 500ms",
      { Duration(text: $0).flatMap { $0 <= .seconds(1) ? $0 : nil } })
    self.verificationAge = try reader.value(
      "USER_API_VERIFICATION_AGE", default: "60s",
      "must be a duration from 3s to 1h, such as 60s",
      { Duration(text: $0).flatMap { (.seconds(3) ... .seconds(3_600)).contains($0) ? $0 : nil } })
    self.reconcileInterval = try reader.value(
      "USER_API_RECONCILE_INTERVAL", default: "60s",
      "must be a duration of at least 1s, such as 5m, or 0s",
      { Duration(text: $0).flatMap { $0 == .zero || $0 >= .seconds(1) ? $0 : nil } })
    self.drainGrace = try reader.value(
      "USER_API_DRAIN_GRACE", default: "30s", "must be a duration such as 30s",
      { Duration(text: $0) })
    self.threads = try reader.value(
      "USER_API_THREADS", default: "\(System.coreCount)", "must be a number from 1 to 1024",
      { Int($0).flatMap { (1...1_024).contains($0) ? $0 : nil } })
    self.connectionLimits = try ConnectionLimits(reader)
    self.admissionLimits = try AdmissionLimits(reader)
    self.callLimits = try CallLimits(reader)
    self.maxListBody = try reader.size("USER_API_MAX_LIST_BODY", 64 << 20)
    self.directory = try Directory.Configuration(reader)
    self.logging = try LogSettings(reader)
  }

  static let adminListenName = "USER_API_ADMIN_LISTEN"

  /// Only where the admin port is, for those who ask it.
  static func adminListen(
    flags: [String: String], environment: [String: String]
  ) throws(SettingsError) -> ListenAddress {
    try Self.adminListen(SettingsReader(flags: flags, environment: environment))
  }

  private static func adminListen(_ reader: SettingsReader) throws(SettingsError) -> ListenAddress {
    try reader.value(
      Self.adminListenName, default: "127.0.0.1:9090", "must be host:port or unix:/path",
      ListenAddress.init)
  }

  /// Only where the database is, for the commands that need nothing else.
  package static func database(
    flags: [String: String], environment: [String: String]
  ) throws(SettingsError) -> DatabaseURL {
    try Self.database(SettingsReader(flags: flags, environment: environment))
  }

  private static func database(_ reader: SettingsReader) throws(SettingsError) -> DatabaseURL {
    guard let text = try reader.secret("DATABASE_URL") else {
      return .sqlite(path: "user-api.db")
    }
    do throws(DatabaseURLError) { return try DatabaseURL(text) } catch {
      throw SettingsError(name: "DATABASE_URL", problem: error.problem)
    }
  }
}

/// How the server logs.
package struct LogSettings: Sendable {
  package enum Format: String, Sendable {
    case text
    case json
  }

  /// Default: `info`.
  package var level: Logger.Level
  /// Default: `text`.
  package var format: Format

  init(_ reader: SettingsReader) throws(SettingsError) {
    self.level = try reader.value(
      "LOG_LEVEL", default: "info",
      "must be one of trace, debug, info, notice, warning, error, critical",
      { Logger.Level(rawValue: $0.lowercased()) })
    self.format = try reader.value(
      "LOG_FORMAT", default: "text", "must be text or json", Format.init(rawValue:))
  }
}

/// A setting with which the server cannot start. Says which, and never what it was.
package struct SettingsError: Error, Equatable, CustomStringConvertible {
  package var name: String
  package var problem: String

  package var description: String { "\(self.name): \(self.problem)" }
}
