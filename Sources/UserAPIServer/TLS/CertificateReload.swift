internal import AuthService
internal import Logging
internal import NIOPosix
internal import ServiceLifecycle
internal import UnixSignals

/// Reads again on SIGHUP the files of TLS, the table of whose clients' certificates are, and the keys
/// of JWTs. Connections that are open go on with the certificates that they have; of the table and
/// the keys the next call knows.
struct CertificateReload: Service, CustomStringConvertible {
  /// Nil for cleartext: a SIGHUP is then heard all the same, because it would kill the process.
  let tls: ServerTLS?
  /// Who is to know of a new table.
  let authenticator: Authenticator
  /// Nil when no JWTs are taken.
  let jwtKeys: JWTKeys?
  let signals: UnixSignalsSequence
  let logger: Logger

  /// What the service group calls it in its logs.
  var description: String { "certificate reload" }

  func run() async throws {
    for await _ in self.signals.cancelOnGracefulShutdown() {
      if let tls {
        await self.reload(tls)
        if tls.settings.clientServices != nil { await self.reloadServices(tls.settings) }
      }
      if let jwtKeys { await self.reload(jwtKeys) }
      if self.tls == nil, self.jwtKeys == nil {
        self.logger.info("SIGHUP: there is no TLS certificate to reload")
      }
    }
  }

  private func reload(_ tls: ServerTLS) async {
    do {
      try await NIOThreadPool.singleton.runIfActive { try tls.reload() }
      self.logger.info("TLS certificate reloaded")
    } catch {
      self.logger.error(
        "TLS certificate not reloaded, the old one stays", metadata: ["error": "\(error)"])
    }
  }

  /// By itself: whose certificate is nobody's any more must not wait for the files to be in order.
  private func reloadServices(_ settings: TLSSettings) async {
    do {
      let services = try await NIOThreadPool.singleton.runIfActive { try ClientServices(settings) }
      self.authenticator.setServices(services)
      self.logger.info("table of clients' certificates reloaded")
    } catch {
      self.logger.error(
        "table of clients' certificates not reloaded, the old one stays",
        metadata: ["error": "\(error)"])
    }
  }

  private func reload(_ keys: JWTKeys) async {
    do throws(JWTKeySetError) {
      try await keys.refresh()
      self.logger.info("keys of JWTs reloaded")
    } catch {
      self.logger.error(
        "keys of JWTs not reloaded, the old ones stay", metadata: ["error": "\(error)"])
    }
  }
}
