/// How often something may happen: so many times at once, and from then on so many a second.
package struct RateLimit: Sendable, Equatable {
  /// How often at once. At least 1.
  package var burst: Int
  /// How fast what was used comes back. At least 1.
  package var perSecond: Int

  package init(burst: Int, perSecond: Int) {
    self.burst = burst
    self.perSecond = perSecond
  }
}
