internal import CoreMetrics
internal import WAHA

/// `user_api_upstream_call_duration_seconds{call}`: what is asked of WAHA, how often and how fast.
struct UpstreamMetrics: Sendable {
  private let durations: [WAHACall: CoreMetrics.Timer]

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
  }

  func record(_ call: WAHACall, _ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    self.durations[call]?.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }
}
