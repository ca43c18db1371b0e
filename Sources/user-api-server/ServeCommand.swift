internal import ArgumentParser
internal import Foundation
internal import Tracing
internal import UserAPIServer

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the service until SIGTERM.",
    discussion: """
      Every option can be given by the environment variable that stands behind it; the option \
      counts. WAHA's key comes from WAHA_API_KEY or WAHA_API_KEY_FILE alone, and the secret of its \
      webhooks from USER_API_WEBHOOK_SECRET or USER_API_WEBHOOK_SECRET_FILE, so that no other \
      user of the machine sees them.
      """)

  @Option(
    help: """
      Where callers reach the service: host:port or unix:/path. (env: USER_API_LISTEN; \
      default: 127.0.0.1:8080)
      """)
  var listen: String?

  @Option(
    help: """
      Where health, metrics and webhooks are. (env: USER_API_ADMIN_LISTEN; default: \
      127.0.0.1:9090)
      """)
  var adminListen: String?

  @OptionGroup var tls: TLSOptions

  @OptionGroup var jwt: JWTOptions

  @Option(
    help: """
      Where WAHA is: a URL, or several hosts as name=url or name=url,capacity=N with spaces between \
      them; capacity=0 drains one. (env: WAHA_API_URL; default: http://127.0.0.1:3000)
      """)
  var wahaApiUrl: String?

  @Option(help: "A file with WAHA's key in it. (env: WAHA_API_KEY_FILE)")
  var wahaApiKeyFile: String?

  @Option(
    help: """
      Where WAHA reaches the admin port, for the webhooks of sessions that are made; \
      /webhooks/waha is added to one without a path. Needs the secret. (env: USER_API_WEBHOOK_URL)
      """)
  var webhookUrl: String?

  @Option(
    help: """
      A file with what WAHA signs its webhooks with, 16 bytes or more. (env: \
      USER_API_WEBHOOK_SECRET_FILE)
      """)
  var webhookSecretFile: String?

  @OptionGroup var database: DatabaseOption

  @Option(
    help: """
      The most connections to a PostgreSQL server at once, 1 to 200. (env: \
      USER_API_DATABASE_POOL; default: 10)
      """)
  var databasePool: String?

  @Option(
    help: """
      For how long a session's status is served from memory, at most 1s; 0s asks WAHA every \
      time. (env: USER_API_STATUS_MAX_AGE; default: 1s)
      """)
  var statusMaxAge: String?

  @Option(
    help: """
      For how long a session counts as WORKING once it was seen to work, 3s to 1h. \
      (env: USER_API_VERIFICATION_AGE; default: 60s)
      """)
  var verificationAge: String?

  @Option(
    help: """
      The time between two comparisons of the database with WAHA; 0s for none. \
      (env: USER_API_RECONCILE_INTERVAL; default: 60s)
      """)
  var reconcileInterval: String?

  @Option(
    help: """
      How long calls under way may go on when the server stops. (env: USER_API_DRAIN_GRACE; \
      default: 30s)
      """)
  var drainGrace: String?

  @Option(
    help: """
      How many event loops carry the connections. (env: USER_API_THREADS; default: one a core)
      """)
  var threads: String?

  @Option(
    help: """
      trace, debug, info, notice, warning, error or critical. (env: LOG_LEVEL; default: info)
      """)
  var logLevel: String?

  @Option(help: "text or json. (env: LOG_FORMAT; default: text)")
  var logFormat: String?

  @OptionGroup(title: "Limits of clients") var limits: LimitOptions

  func run() async throws {
    var flags = self.database.flags.merging(self.limits.flags) { $1 }
    flags.merge(self.tls.flags) { $1 }
    flags.merge(self.jwt.flags) { $1 }
    flags["USER_API_LISTEN"] = self.listen
    flags["USER_API_ADMIN_LISTEN"] = self.adminListen
    flags["WAHA_API_URL"] = self.wahaApiUrl
    flags["WAHA_API_KEY_FILE"] = self.wahaApiKeyFile
    flags["USER_API_WEBHOOK_URL"] = self.webhookUrl
    flags["USER_API_WEBHOOK_SECRET_FILE"] = self.webhookSecretFile
    flags["USER_API_DATABASE_POOL"] = self.databasePool
    flags["USER_API_STATUS_MAX_AGE"] = self.statusMaxAge
    flags["USER_API_VERIFICATION_AGE"] = self.verificationAge
    flags["USER_API_RECONCILE_INTERVAL"] = self.reconcileInterval
    flags["USER_API_DRAIN_GRACE"] = self.drainGrace
    flags["USER_API_THREADS"] = self.threads
    flags["LOG_LEVEL"] = self.logLevel
    flags["LOG_FORMAT"] = self.logFormat
    try await Failure.reporting {
      let settings = try Settings(
        flags: flags, environment: ProcessInfo.processInfo.environment)
      // A backend that records takes its place here.
      InstrumentationSystem.bootstrap(TraceContextTracer())
      try await Server(settings: settings).run()
    }
  }
}
