internal import Logging
internal import ServiceLifecycle
internal import SessionService

/// Runs the reconciler for as long as the server runs, and tells what it found.
struct Reconciling: Service, CustomStringConvertible {
  let reconciler: SessionReconciler
  /// The time between two looks.
  let interval: Duration
  let metrics: ReconcileMetrics
  let logger: Logger

  /// What the service group calls it in its logs.
  var description: String { "reconciler" }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var unowned = 0
      await self.reconciler.run(every: self.interval) { found in
        self.metrics.record(found)
        guard let found else { return }
        if found.finishedRemovals + found.lost + found.found > 0 {
          self.logger.notice(
            "the database and WAHA were brought together",
            metadata: [
              "finished_removals": "\(found.finishedRemovals)", "lost": "\(found.lost)",
              "found": "\(found.found)",
            ])
        }
        if found.failures > 0 {
          self.logger.warning(
            "sessions could not be set right", metadata: ["count": "\(found.failures)"])
        }
        if let count = found.unowned, count != unowned {
          unowned = count
          self.logger.log(
            level: count > 0 ? .warning : .info, "sessions of WAHA that nobody owns, left alone",
            metadata: ["count": "\(count)"])
        }
      }
    }
  }
}
