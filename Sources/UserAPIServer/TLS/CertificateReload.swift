internal import Logging
internal import NIOPosix
internal import ServiceLifecycle
internal import UnixSignals

/// Reads the files of TLS again on SIGHUP. Connections that are open go on as they are.
struct CertificateReload: Service, CustomStringConvertible {
  /// Nil for cleartext: a SIGHUP is then heard all the same, because it would kill the process.
  let tls: ServerTLS?
  let signals: UnixSignalsSequence
  let logger: Logger

  /// What the service group calls it in its logs.
  var description: String { "certificate reload" }

  func run() async throws {
    for await _ in self.signals.cancelOnGracefulShutdown() {
      guard let tls else {
        self.logger.info("SIGHUP: there is no TLS certificate to reload")
        continue
      }
      do {
        try await NIOThreadPool.singleton.runIfActive { try tls.reload() }
        self.logger.info("TLS certificate reloaded")
      } catch {
        self.logger.error(
          "TLS certificate not reloaded, the old one stays", metadata: ["error": "\(error)"])
      }
    }
  }
}
