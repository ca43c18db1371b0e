internal import NIOCore

/// Holds one kind of event to a ``RateLimit``, in eight bytes: the moment at which all that was used
/// has come back (the generic cell rate algorithm).
struct RateMeter {
  private var isFreeAt: NIODeadline = .distantPast

  /// Counts one event.
  ///
  /// - Returns: false when it is one too many.
  mutating func count(_ limit: RateLimit, at now: NIODeadline) -> Bool {
    let interval = Self.interval(limit)
    self.isFreeAt = max(self.isFreeAt, now) + interval
    return self.isFreeAt - now <= interval * limit.burst
  }

  /// Gives `events` back before their time.
  mutating func earn(_ events: Int, _ limit: RateLimit) {
    self.isFreeAt = self.isFreeAt - Self.interval(limit) * events
  }

  private static func interval(_ limit: RateLimit) -> TimeAmount {
    .nanoseconds(1_000_000_000 / Int64(limit.perSecond))
  }
}
