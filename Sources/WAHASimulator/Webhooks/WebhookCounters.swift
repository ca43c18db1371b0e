/// What became of the webhooks, counted since the counters were cleared.
package struct WebhookCounters: Sendable, Equatable {
  /// Requests sent: every try counts.
  package var sent = 0
  /// Deliveries answered with 2xx.
  package var delivered = 0
  /// Deliveries given up.
  package var failed = 0
  /// Tries that were not the first of their delivery.
  package var retried = 0
  /// Deliveries lost because it was told to.
  package var dropped = 0

  package init(
    sent: Int = 0, delivered: Int = 0, failed: Int = 0, retried: Int = 0, dropped: Int = 0
  ) {
    self.sent = sent
    self.delivered = delivered
    self.failed = failed
    self.retried = retried
    self.dropped = dropped
  }
}
