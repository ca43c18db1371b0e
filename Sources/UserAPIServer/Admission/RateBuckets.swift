internal import AuthService
internal import HTTP2

/// A token bucket for each of any number of keys, in bounded memory (the generic cell rate
/// algorithm). A value type; whoever shares it locks it.
struct RateBuckets<Key: Hashable & Sendable>: Sendable {
  private let interval: Duration
  private let depth: Duration
  /// By key the moment at which all that was taken has come back. A bucket that is full is none.
  private var freeAt: ExpiringCache<Key, ContinuousClock.Instant>

  /// - Parameter capacity: How many buckets are kept. With more keys than that in use at once, those
  ///   that were used longest ago begin anew.
  init(limit: RateLimit, capacity: Int = 65_536) {
    self.interval = .seconds(1) / limit.perSecond
    self.depth = self.interval * limit.burst
    self.freeAt = ExpiringCache(lifetime: self.depth, capacity: capacity)
  }

  /// Takes one, if there is one.
  ///
  /// - Returns: How long it takes until there is one, when there is none.
  mutating func take(_ key: Key, at now: ContinuousClock.Instant) -> Duration? {
    let freeAt = max(self.freeAt.value(for: key, at: now) ?? now, now) + self.interval
    guard freeAt - now <= self.depth else { return freeAt - now - self.depth }
    self.freeAt.store(freeAt, for: key, at: now)
    return nil
  }

  /// How long it takes until there is one; nil when there is.
  mutating func wait(_ key: Key, at now: ContinuousClock.Instant) -> Duration? {
    guard let freeAt = self.freeAt.value(for: key, at: now) else { return nil }
    let wait = freeAt + self.interval - now - self.depth
    return wait > .zero ? wait : nil
  }
}
