internal import AuthService
internal import ServiceLifecycle

/// Writes what the audit log has gathered, once a second and once more when the server stops.
struct AuditFlushing: Service, CustomStringConvertible {
  private static let interval: Duration = .seconds(1)

  let audit: AuditLog
  let time: TimeSource

  /// What the service group calls it in its logs.
  var description: String { "audit log" }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while true {
        do { try await self.time.sleep(Self.interval) } catch { return }
        self.audit.flush()
      }
    }
    self.audit.flush()
  }
}
