internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOHTTP1
internal import WAHA

/// `POST /webhooks/waha`: hands what comes to the receiver, and says to WAHA what became of it. The
/// answer does not wait for what an event has the service do.
struct WebhookRoute: Sendable {
  private let receiver: WebhookReceiver
  private let metrics: WebhookMetrics
  private let logger: Logger
  private let now: @Sendable () -> ContinuousClock.Instant
  private let forgeries = NIOLockedValueBox(LogPace(interval: .seconds(60)))

  init(
    receiver: WebhookReceiver, metrics: WebhookMetrics, logger: Logger,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
  ) {
    self.receiver = receiver
    self.metrics = metrics
    self.logger = logger
    self.now = now
  }

  func answer(headers: HTTPHeaders, body: ByteBuffer) -> AdminAnswer {
    // A header that comes twice is none of WAHA's; together they are no value that is taken.
    func header(_ name: String) -> String? {
      let values = headers[name]
      return values.isEmpty ? nil : values.joined(separator: ",")
    }
    let outcome = self.receiver.receive(
      Webhook(
        hmac: header("X-Webhook-Hmac"), algorithm: header("X-Webhook-Hmac-Algorithm"),
        timestamp: header("X-Webhook-Timestamp"), requestID: header("X-Webhook-Request-Id"),
        body: Array(body.readableBytesView)))
    self.metrics.record(outcome)
    if outcome == .forged { self.logForgery() }
    return Self.answer(to: outcome)
  }

  /// A body was longer than is taken, and was not read to its end.
  func tooLarge() -> AdminAnswer {
    self.metrics.record(.malformed)
    return AdminAnswer(status: 413, body: "the body is too long\n")
  }

  /// WAHA tries again whatever is not 2xx. What expired must not look well to an operator whose
  /// clocks differ.
  private static func answer(to outcome: WebhookOutcome) -> AdminAnswer {
    switch outcome {
    case .accepted, .duplicate, .ignored: AdminAnswer(status: 200, body: "ok\n")
    case .forged: AdminAnswer(status: 401, body: "the signature is missing or wrong\n")
    case .malformed: AdminAnswer(status: 400, body: "the event is malformed\n")
    case .expired: AdminAnswer(status: 400, body: "the event's time is too far from now\n")
    }
  }

  private func logForgery() {
    let now = self.now()
    guard let count = self.forgeries.withLockedValue({ $0.happened(at: now) }) else { return }
    self.logger.warning(
      "webhooks without the right signature were refused", metadata: ["count": "\(count)"])
  }
}
