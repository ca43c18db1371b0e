internal import UserAPI

/// Which events that WAHA has signed are acted upon, and which have been before.
///
/// Events that come out of order are let through. One only has the session looked at, and looks that
/// are asked for at once are one; while dropping what is older than the newest would drop everything
/// for a while where WAHA's clock was set back.
struct WebhookGate: Sendable {
  private let configuration: WebhookReceiver.Configuration
  private var memory: WebhookMemory

  init(_ configuration: WebhookReceiver.Configuration) {
    self.configuration = configuration
    self.memory = WebhookMemory(capacity: configuration.memoryCapacity)
  }

  /// How many keys are remembered, two an event.
  var memoryCount: Int { self.memory.count }

  /// An event came. Only one that is accepted is remembered, so that what was refused may be tried
  /// again.
  ///
  /// Servers before 2025.3 sign neither a time nor an id, and two events of theirs that tell the same
  /// are the same bytes. Nobody can make one without the secret, but whoever has seen one could send
  /// it at any time, which has its session looked at once more and does nothing else. So they are
  /// accepted, and the same body only once in ``WebhookReceiver/Configuration/undatedInterval``:
  /// remembering it for longer would drop the next QR code with the last.
  ///
  /// - Parameters:
  ///   - signature: Of its body.
  ///   - sentAt: What the request's header says; not signed, so it only makes an event older than
  ///     it says itself.
  ///   - requestID: What the request's header says; not signed, so it only makes more of a repetition.
  mutating func received(
    _ event: WebhookEvent, signature: [UInt8], sentAt: Timestamp?, requestID: String?,
    at now: Timestamp
  ) -> WebhookOutcome {
    for at in [event.at, sentAt].compactMap({ $0 }) {
      guard at >= now.advanced(by: .zero - self.configuration.maxAge),
        at <= now.advanced(by: self.configuration.maxLead)
      else { return .expired }
    }
    let request = requestID.flatMap(Self.key)
    let content = event.id.map(WebhookMemory.Key.event) ?? .body(signature)
    for key in [content, request] {
      if let key, self.memory.contains(key, at: now) { return .duplicate }
    }
    let until =
      switch (event.at, event.id) {
      // After that it has expired.
      case (let at?, _): at.advanced(by: self.configuration.maxAge)
      case (nil, .some): now.advanced(by: self.configuration.maxAge)
      case (nil, nil): now.advanced(by: self.configuration.undatedInterval)
      }
    self.memory.insert(content, until: until, at: now)
    if let request {
      self.memory.insert(
        request, until: now.advanced(by: self.configuration.maxAge), at: now)
    }
    return .accepted
  }

  /// One that is empty or longer than any of WAHA's tells nothing.
  private static func key(_ requestID: String) -> WebhookMemory.Key? {
    guard (1...WebhookEvent.maximumIDLength).contains(requestID.utf8.count) else { return nil }
    return .request(requestID)
  }
}
