internal import CoreMetrics
internal import HTTP2

/// `user_api_limit_exceeded_total{limit}`: how often somebody went beyond which limit. Every series is
/// there from the start.
struct LimitMetrics: Sendable {
  private let connection: [ConnectionLimit: Counter]
  private let call: [CallLimit: Counter]
  private let gate: [GateLimit: Counter]

  init(factory: any MetricsFactory) {
    func counters<Limit: Hashable & CaseIterable & RawRepresentable>(
      _ limit: Limit.Type
    ) -> [Limit: Counter] where Limit.RawValue == String {
      [Limit: Counter](
        uniqueKeysWithValues: Limit.allCases.map { limit in
          (
            limit,
            Counter(
              label: "user_api_limit_exceeded_total", dimensions: [("limit", limit.rawValue)],
              factory: factory)
          )
        })
    }
    self.connection = counters(ConnectionLimit.self)
    self.call = counters(CallLimit.self)
    self.gate = counters(GateLimit.self)
  }

  func record(_ limit: ConnectionLimit) {
    self.connection[limit]?.increment()
  }

  func record(_ limit: CallLimit) {
    self.call[limit]?.increment()
  }

  func record(_ limit: GateLimit) {
    self.gate[limit]?.increment()
  }
}
