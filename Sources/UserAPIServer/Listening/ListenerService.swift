internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle

/// Both ports, from the first bind to the last call.
struct ListenerService: Service, CustomStringConvertible {
  let settings: Settings
  let calls: CallServer
  let admin: AdminRoutes
  let logger: Logger

  /// What the service group calls it in its logs, which would otherwise print every property.
  var description: String { "listeners" }

  func run() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: self.settings.threads)
    do {
      try await self.serve(on: group)
    } catch {
      try await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
  }

  private func serve(on group: MultiThreadedEventLoopGroup) async throws {
    let adminListener = try await Self.naming("USER_API_ADMIN_LISTEN") {
      try await AdminPort.bind(self.settings.adminListen, group: group, routes: self.admin)
    }
    self.logger.info("admin port listening", metadata: ["address": "\(adminListener.address)"])
    let address = try await Self.naming("USER_API_LISTEN") {
      try await self.calls.bind(self.settings.listen, group: group)
    }
    self.logger.info("listening", metadata: ["address": "\(address)"])
    if !self.settings.listen.isLocal, self.settings.tls == nil {
      self.logger.warning(
        "calls and tokens travel in cleartext beyond this machine",
        metadata: ["address": "\(address)"])
    }
    try await gracefulShutdown()
    self.logger.info(
      "stopping", metadata: ["grace": "\(self.settings.drainGrace)"])
    self.admin.readiness.beginDrain()
    await self.calls.drain(grace: self.settings.drainGrace)
    try await adminListener.close()
    self.logger.info("stopped")
  }

  /// Says which setting it is when a port cannot be bound.
  private static func naming<Value>(
    _ setting: String, _ bind: () async throws -> Value
  ) async throws -> Value {
    do {
      return try await bind()
    } catch {
      throw SettingsError(name: setting, problem: "cannot listen there: \(error)")
    }
  }
}
