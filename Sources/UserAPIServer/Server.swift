internal import AuthService
internal import DirectoryService
internal import Foundation
package import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Persistence
internal import ServiceLifecycle
internal import SessionService
package import Tracing
internal import UnixSignals
internal import UserAPI
internal import WAHA

/// The service, assembled: the one place that knows every concrete type.
package struct Server: Sendable {
  private let settings: Settings
  private let logs: LogQueue
  private let logger: Logger
  private let tracer: any Tracer
  private let traceMetadata: Logger.MetadataProvider

  /// - Parameters:
  ///   - tracer: Sees calls and what is asked of WAHA for them. Default: the one that
  ///     `InstrumentationSystem` was given.
  ///   - traceMetadata: What that one adds to a line of the log.
  package init(
    settings: Settings, tracer: any Tracer = InstrumentationSystem.tracer,
    traceMetadata: Logger.MetadataProvider = .trace
  ) {
    self.settings = settings
    self.tracer = tracer
    self.traceMetadata = traceMetadata
    self.logs = LogQueue(
      logger: Logger(label: "user-api-server") { Self.logHandler($0, settings.logging) })
    self.logger = Self.makeLogger(
      "user-api-server", settings.logging, self.logs, traceMetadata)
  }

  private static func makeLogger(
    _ label: String, _ settings: LogSettings, _ logs: LogQueue,
    _ traceMetadata: Logger.MetadataProvider
  ) -> Logger {
    Logger(label: label) {
      var handler = Self.logHandler($0, settings)
      handler.metadataProvider = traceMetadata
      return QueuedLogHandler(handler: handler, queue: logs)
    }
  }

  private static func logHandler(_ label: String, _ settings: LogSettings) -> any LogHandler {
    var handler: any LogHandler =
      switch settings.format {
      case .json: JSONLogHandler(label: label)
      case .text: StreamLogHandler.standardError(label: label)
      }
    handler.logLevel = settings.level
    return handler
  }

  /// Runs until SIGTERM or SIGINT, then until the calls under way are over.
  ///
  /// - Throws: What kept the server from starting.
  package func run() async throws {
    do { try await self.serve() } catch {
      await self.logs.drain()
      throw error
    }
    await self.logs.drain()
  }

  private func serve() async throws {
    let tls = try self.settings.tls.map { settings throws(SettingsError) in
      try ServerTLS(settings: settings, logger: self.logger)
    }
    let clients = try self.settings.tls.map { settings throws(SettingsError) in
      try ClientServices(settings)
    }
    let jwt: JWTVerifier? =
      if let settings = self.settings.jwt {
        try await JWTVerifier(settings: settings, logger: self.logger)
      } else {
        nil
      }
    let signals = await UnixSignalsSequence(trapping: .sighup)
    let database = try self.settings.database.open(maxConnections: self.settings.databasePool)
    try await database.migrate()
    let tokenUses = TokenUses()
    let authenticator = Authenticator(
      store: database, jwt: jwt, services: clients ?? .none, time: .system, uses: tokenUses)
    let reload = CertificateReload(
      tls: tls, authenticator: authenticator, jwtKeys: jwt?.keys, signals: signals,
      logger: self.logger)
    let registry = PrometheusRegistry()
    let upstreams = self.settings.wahaHosts.map { ($0.name, self.upstream(of: $0, registry)) }
    let hosts = WAHAHosts(upstreams)
    let readiness = Readiness(
      pingDatabase: { () async throws(UserAPIError) in try await database.ping() },
      hosts: upstreams.map { name, upstream in
        Readiness.Host(name: name) { () async throws(UserAPIError) in
          // Half of what a probe commonly waits.
          try await upstream.ping(timeout: .milliseconds(500))
        }
      })
    DatabaseMetrics.add(database, to: registry)
    let peers = database.makePeers()
    let services = self.services(
      authenticator: authenticator, database: database, peers: peers, hosts: hosts,
      registry: registry)
    await peers.listen { [sessions = services.sessions] in sessions.heard($0) }
    var background: [any Service] = [
      MemoryTrim(logger: self.logger), AuditFlushing(audit: services.audit, time: .system),
      TokenUseRecording(uses: tokenUses, store: database, time: .system, logger: self.logger),
    ]
    if let jwt { background.append(JWTKeyRefresh(keys: jwt.keys)) }
    if self.settings.reconcileInterval > .zero {
      background.append(
        Reconciling(
          reconciler: SessionReconciler(
            store: database, hosts: hosts, sessions: services.sessions, peers: peers,
            time: .system),
          interval: self.settings.reconcileInterval,
          metrics: ReconcileMetrics(factory: registry, hosts: hosts.names), logger: self.logger))
    }
    let maxFiles = OpenFileLimit.raise()
    ProcessMetrics.add(to: registry, maxFiles: maxFiles)
    let calls = CallServer(
      services: services, configuration: self.connectionLimits(maxFiles), tls: tls)
    registry.addGauge("user_api_connections") { calls.connectionCount }
    registry.addGauge("user_api_buffered_bytes") { calls.bufferedBytes }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        // The first is the last to end: a SIGHUP while the calls end kills nothing either.
        services: [reload] + background + [
          ListenerService(
            settings: self.settings,
            calls: calls,
            admin: AdminRoutes(
              readiness: readiness, registry: registry,
              webhooks: self.webhookRoute(to: services.sessions, registry: registry)),
            logger: self.logger)
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: self.logger))
    try await group.run()
    await peers.close()
    try await database.close()
  }

  private func upstream(of host: WAHAHost, _ registry: PrometheusRegistry) -> WAHAUpstream {
    let metrics = UpstreamMetrics(factory: registry, host: host.name)
    var configuration = WAHAUpstream.Configuration(
      url: host.url, apiKey: self.settings.wahaAPIKey)
    configuration.maxListSize = self.settings.maxListBody
    configuration.webhook = self.settings.webhooks?.registration
    let upstream = WAHAUpstream(configuration: configuration, tracer: self.tracer) { event in
      metrics.record(event)
      switch event {
      case .called, .refused: break
      case .entriesDropped(let list, let count):
        self.logger.warning(
          "entries of a list from WAHA were not understood",
          metadata: ["host": "\(host.name)", "list": "\(list.rawValue)", "count": "\(count)"])
      case .listSkipped(let list):
        self.logger.warning(
          "a list from WAHA was too long and is done without",
          metadata: ["host": "\(host.name)", "list": "\(list.rawValue)"])
      }
    }
    registry.addGauge("user_api_upstream_breaker_open", labels: [("host", host.name.rawValue)]) {
      upstream.isBreakerOpen ? 1 : 0
    }
    return upstream
  }

  /// Nil when there are to be no webhooks.
  private func webhookRoute(to sessions: Sessions, registry: PrometheusRegistry) -> WebhookRoute? {
    self.settings.webhooks.map { webhooks in
      WebhookRoute(
        receiver: WebhookReceiver(
          configuration: WebhookReceiver.Configuration(secret: webhooks.secret),
          now: TimeSource.system.wallClock
        ) { sessions.announced($0) },
        metrics: WebhookMetrics(factory: registry), logger: self.logger)
    }
  }

  /// The settings', with no more connections than there can be sockets: accepting pauses before it
  /// fails.
  private func connectionLimits(_ maxFiles: Int) -> ConnectionLimits {
    var limits = self.settings.connectionLimits
    // A connection to PostgreSQL has its socket, and what its thread is woken by.
    let otherFiles =
      Self.otherFiles + 2 * self.settings.databasePool
      + Self.filesOfHost * (self.settings.wahaHosts.count - 1)
    let room = max(maxFiles - otherFiles, 1)
    if room < limits.maxConnections {
      self.logger.warning(
        "the process may not open as many files as connections are allowed",
        metadata: ["allowed": "\(limits.maxConnections)", "possible": "\(room)"])
      limits.maxConnections = room
      // One address must not take them all.
      limits.maxConnectionsPerAddress = min(limits.maxConnectionsPerAddress, max(room / 4, 1))
    }
    return limits
  }

  /// What is set aside for the database, one WAHA, the admin port, and refused connections.
  private static let otherFiles = 512
  /// The same for each further WAHA: twice the connections of a client, and what wakes it.
  private static let filesOfHost = 136

  private func services(
    authenticator: Authenticator, database: any ServiceDatabase, peers: any SessionPeers,
    hosts: WAHAHosts, registry: PrometheusRegistry
  ) -> CallServices {
    var configuration = Sessions.Configuration.defaults
    configuration.statusMaxAge = self.settings.statusMaxAge
    configuration.verificationAge = self.settings.verificationAge
    configuration.placement = HostPlacement(self.settings.wahaHosts)
    configuration.isHostUp = { hosts[$0]?.isUp() == true }
    let sessions = Sessions(
      store: database, upstream: hosts, peers: peers, time: .system,
      configuration: configuration)
    registry.addGauge("user_api_watched_sessions") { sessions.watchedCount }
    for (cache, use) in [
      ("tokens", authenticator.cacheUse), ("owners", sessions.ownerCacheUse),
      ("statuses", sessions.statusCacheUse),
    ] {
      for (result, count) in [
        ("hit", { @Sendable in Double(use.hits) }), ("miss", { @Sendable in Double(use.misses) }),
      ] {
        registry.addCounter(
          "user_api_cache_lookups_total", labels: [("cache", cache), ("result", result)], count)
      }
    }
    let directory = Directory(
      sessions: sessions, upstream: hosts,
      surroundings: .system(
        threads: UserThreads(count: 2), metrics: ListMetrics(factory: registry),
        logger: self.logger),
      configuration: self.settings.directory)
    registry.addGauge("user_api_snapshot_bytes") { directory.size }
    return CallServices(
      admission: Admission(
        authenticator: authenticator, limits: self.settings.admissionLimits, time: .system),
      sessions: sessions,
      directory: directory, metrics: CallMetrics(factory: registry),
      limitMetrics: LimitMetrics(factory: registry),
      streamMetrics: StreamMetrics(registry: registry), limits: self.settings.callLimits,
      pageThreads: UserThreads(count: max(1, System.coreCount / 2)),
      audit: AuditLog(
        logger: Self.makeLogger(
          "user-api-audit", self.settings.logging, self.logs, self.traceMetadata),
        time: .system, quotesValues: self.settings.logging.format == .text),
      tracer: self.tracer, logger: self.logger)
  }
}
