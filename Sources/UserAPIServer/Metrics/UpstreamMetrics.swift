internal import CoreMetrics
internal import SessionService
internal import WAHA

/// `user_api_upstream_calls_total{host,call,outcome}` and
/// `user_api_upstream_call_duration_seconds{host,call}`: what is asked of a WAHA, how that ends, and how
/// fast.
/// `user_api_upstream_entries_dropped_total{host,list}`: what of its lists was not understood.
/// `user_api_upstream_lists_skipped_total{host,list}`: what was done without, as it was too long.
struct UpstreamMetrics: Sendable {
  private struct Series: Hashable {
    var call: WAHACall
    /// Nil for a call that was not made.
    var outcome: WAHAOutcome?
  }

  private let calls: [Series: Counter]
  private let durations: [WAHACall: CoreMetrics.Timer]
  private let dropped: [WAHAList: Counter]
  private let skipped: [WAHAList: Counter]

  init(factory: any MetricsFactory, host: HostName) {
    let host = ("host", host.rawValue)
    var calls: [Series: Counter] = [:]
    for call in WAHACall.allCases {
      for outcome in [nil] + WAHAOutcome.allCases.map(Optional.some) {
        calls[Series(call: call, outcome: outcome)] = Counter(
          label: "user_api_upstream_calls_total",
          dimensions: [
            host, ("call", call.rawValue), ("outcome", outcome?.rawValue ?? "breaker"),
          ],
          factory: factory)
      }
    }
    self.calls = calls
    self.durations = [WAHACall: CoreMetrics.Timer](
      uniqueKeysWithValues: WAHACall.allCases.map { call in
        (
          call,
          CoreMetrics.Timer(
            label: "user_api_upstream_call_duration_seconds",
            dimensions: [host, ("call", call.rawValue)], factory: factory)
        )
      })
    self.dropped = Self.counters("user_api_upstream_entries_dropped_total", host, factory)
    self.skipped = Self.counters("user_api_upstream_lists_skipped_total", host, factory)
  }

  private static func counters(
    _ label: String, _ host: (String, String), _ factory: any MetricsFactory
  ) -> [WAHAList: Counter] {
    [WAHAList: Counter](
      uniqueKeysWithValues: WAHAList.allCases.map { list in
        (
          list,
          Counter(label: label, dimensions: [host, ("list", list.rawValue)], factory: factory)
        )
      })
  }

  func record(_ event: WAHAEvent) {
    switch event {
    case .refused(let call):
      self.calls[Series(call: call)]?.increment()
    case .called(let call, let duration, let outcome):
      self.calls[Series(call: call, outcome: outcome)]?.increment()
      let (seconds, attoseconds) = duration.components
      self.durations[call]?.recordNanoseconds(
        seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    case .entriesDropped(let list, let count):
      self.dropped[list]?.increment(by: count)
    case .listSkipped(let list):
      self.skipped[list]?.increment()
    }
  }
}
