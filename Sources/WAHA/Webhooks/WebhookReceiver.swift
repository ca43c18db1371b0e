internal import NIOConcurrencyHelpers
internal import SessionService
package import UserAPI

/// Takes WAHA's webhooks, and passes on what they tell of sessions.
package final class WebhookReceiver: Sendable {
  package struct Configuration: Sendable {
    /// What WAHA signs with.
    package var secret: WebhookSecret
    /// For how long after an event it is taken. WAHA tries for half a minute unless it is told to
    /// try for longer. Default: 5 min.
    package var maxAge: Duration = .seconds(300)
    /// How far ahead WAHA's clock may be. Default: 1 min.
    package var maxLead: Duration = .seconds(60)
    /// How often at most the same body is taken that has neither time nor id. Default: 1 s.
    package var undatedInterval: Duration = .seconds(1)
    /// How many keys are remembered to know repetitions by, two an event. Where more come within
    /// ``maxAge`` the oldest go, and such an event, repeated, has its session looked at once more.
    /// Default: 65,536.
    package var memoryCapacity = 65_536

    package init(secret: WebhookSecret) {
      self.secret = secret
    }
  }

  private let verifier: WebhookVerifier
  private let gate: NIOLockedValueBox<WebhookGate>
  private let now: @Sendable () -> Timestamp
  private let announce: @Sendable (String) -> Void

  /// - Parameters:
  ///   - now: What the time is.
  ///   - announce: Told the name of each session whose status has changed, ours or not. Must not take long:
  ///     WAHA waits.
  package init(
    configuration: Configuration, now: @escaping @Sendable () -> Timestamp,
    announce: @escaping @Sendable (String) -> Void
  ) {
    self.verifier = WebhookVerifier(secret: configuration.secret)
    self.gate = NIOLockedValueBox(WebhookGate(configuration))
    self.now = now
    self.announce = announce
  }

  /// A webhook came. Nothing of its body is read before its signature was found right.
  package func receive(_ webhook: Webhook) -> WebhookOutcome {
    guard webhook.body.count <= Webhook.maximumSize else { return .malformed }
    guard let signature = self.verifier.signature(of: webhook) else { return .forged }
    let event: WebhookEvent
    // Which byte or field it is helps nobody who cannot see the body.
    do { event = try WebhookEvent(webhook.body) } catch { return .malformed }
    guard let change = event.change, OwnedSession.isWAHAName(change.session) else {
      return .ignored
    }
    var sentAt: Timestamp?
    if let header = webhook.timestamp {
      guard let milliseconds = Int64(header), milliseconds >= 0 else { return .malformed }
      sentAt = Timestamp(millisecondsSinceEpoch: milliseconds)
    }
    let now = self.now()
    let outcome = self.gate.withLockedValue {
      $0.received(
        event, signature: signature, sentAt: sentAt, requestID: webhook.requestID, at: now)
    }
    if outcome == .accepted { self.announce(change.session) }
    return outcome
  }
}
