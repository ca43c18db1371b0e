internal import CoreMetrics
internal import SessionService

/// `user_api_reconciled_sessions_total{outcome}`: sessions of which the database and WAHA said
/// different things; `user_api_unowned_sessions`: how many WAHA has that nobody owns; and
/// `user_api_waha_host_sessions{host}`: how many are placed on each host.
struct ReconcileMetrics: Sendable {
  private let removed: Counter
  private let lost: Counter
  private let found: Counter
  private let failed: Counter
  private let unowned: Meter
  private let placed: [HostName: Meter]

  init(factory: any MetricsFactory, hosts: [HostName]) {
    func counter(_ outcome: String) -> Counter {
      Counter(
        label: "user_api_reconciled_sessions_total", dimensions: [("outcome", outcome)],
        factory: factory)
    }
    self.removed = counter("removed")
    self.lost = counter("lost")
    self.found = counter("found")
    self.failed = counter("failed")
    self.unowned = Meter(label: "user_api_unowned_sessions", factory: factory)
    self.placed = [HostName: Meter](
      uniqueKeysWithValues: hosts.map { host in
        (
          host,
          Meter(
            label: "user_api_waha_host_sessions", dimensions: [("host", host.rawValue)],
            factory: factory)
        )
      })
  }

  /// - Parameter result: Nil when another server looks, which has the numbers.
  func record(_ result: Reconciliation?) {
    guard let result else {
      self.unowned.set(0)
      for meter in self.placed.values { meter.set(0) }
      return
    }
    self.removed.increment(by: result.finishedRemovals)
    self.lost.increment(by: result.lost)
    self.found.increment(by: result.found)
    self.failed.increment(by: result.failures)
    if let unowned = result.unowned { self.unowned.set(unowned) }
    guard let placed = result.placed else { return }
    for (host, meter) in self.placed { meter.set(placed[host] ?? 0) }
  }
}
