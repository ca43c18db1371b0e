internal import CoreMetrics
internal import WAHA

/// `user_api_webhooks_total{outcome}`: what came of WAHA's webhooks. Every series is there from the
/// start.
struct WebhookMetrics: Sendable {
  private let counters: [WebhookOutcome: Counter]

  init(factory: any MetricsFactory) {
    self.counters = [WebhookOutcome: Counter](
      uniqueKeysWithValues: WebhookOutcome.allCases.map { outcome in
        (
          outcome,
          Counter(
            label: "user_api_webhooks_total", dimensions: [("outcome", outcome.rawValue)],
            factory: factory)
        )
      })
  }

  func record(_ outcome: WebhookOutcome) {
    self.counters[outcome]?.increment()
  }
}
