internal import CoreMetrics
internal import WAHA

/// `user_api_upstream_call_duration_seconds{call}`: what is asked of WAHA, how often and how fast.
/// `user_api_upstream_entries_dropped_total{list}`: what of its lists was not understood.
/// `user_api_upstream_lists_skipped_total{list}`: what was done without, as it was too long.
struct UpstreamMetrics: Sendable {
  private let durations: [WAHACall: CoreMetrics.Timer]
  private let dropped: [WAHAList: Counter]
  private let skipped: [WAHAList: Counter]

  init(factory: any MetricsFactory) {
    self.durations = [WAHACall: CoreMetrics.Timer](
      uniqueKeysWithValues: WAHACall.allCases.map { call in
        (
          call,
          CoreMetrics.Timer(
            label: "user_api_upstream_call_duration_seconds",
            dimensions: [("call", call.rawValue)], factory: factory)
        )
      })
    self.dropped = Self.counters("user_api_upstream_entries_dropped_total", factory)
    self.skipped = Self.counters("user_api_upstream_lists_skipped_total", factory)
  }

  private static func counters(
    _ label: String, _ factory: any MetricsFactory
  ) -> [WAHAList: Counter] {
    [WAHAList: Counter](
      uniqueKeysWithValues: WAHAList.allCases.map { list in
        (
          list,
          Counter(label: label, dimensions: [("list", list.rawValue)], factory: factory)
        )
      })
  }

  func record(_ event: WAHAEvent) {
    switch event {
    case .called(let call, let duration):
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
