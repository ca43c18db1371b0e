/// How often, and how far apart, a delivery that failed is tried again.
package struct WebhookRetries: Sendable, Equatable {
  package enum Policy: String, Sendable {
    case constant, linear, exponential
  }

  /// Default: constant.
  package var policy = Policy.constant
  /// Default: 2 s. In a config it may be a fraction of a second.
  package var delay = Duration.seconds(2)
  /// How often after the first try. Default: 15.
  package var attempts = 15

  /// No pause is longer, whoever asks for it.
  static let longestPause = Duration.seconds(3600)

  package init() {}

  /// Takes `retries` of a hook's config. What it does not say, or says wrongly, is the default.
  init(_ config: JSON?) {
    self.policy = config?["policy"]?.text.flatMap(Policy.init) ?? self.policy
    if let seconds = config?["delaySeconds"]?.number {
      self.delay = .milliseconds(Int64(min(max(0, seconds), 3600) * 1000))
    }
    self.attempts = max(0, config?["attempts"]?.integer ?? self.attempts)
  }

  /// The pause before a retry.
  /// - Parameters:
  ///   - retry: 1 for the first.
  ///   - asked: What the receiver asked for; holds if it is longer.
  package func pause(
    before retry: Int, asked: Duration?, using generator: inout some RandomNumberGenerator
  ) -> Duration {
    let pause: Duration
    switch self.policy {
    case .constant: pause = self.delay
    case .linear: pause = self.delay * retry
    case .exponential:
      // Up to a fifth more, by chance.
      let percent = Int.random(in: 100...120, using: &generator)
      pause = self.delay * (1 << min(retry, 20)) * percent / 100
    }
    return min(max(pause, asked ?? .zero), Self.longestPause)
  }
}
