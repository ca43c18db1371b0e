internal import Synchronization

/// How often a cache was looked into, and what came of it. Costs a call one addition.
package final class CacheUse: Sendable {
  private let hitCount = Atomic<Int>(0)
  private let missCount = Atomic<Int>(0)

  package init() {}

  /// How often it had what was looked for.
  package var hits: Int { self.hitCount.load(ordering: .relaxed) }
  /// How often it had not.
  package var misses: Int { self.missCount.load(ordering: .relaxed) }

  package func count(isHit: Bool) {
    if isHit {
      self.hitCount.wrappingAdd(1, ordering: .relaxed)
    } else {
      self.missCount.wrappingAdd(1, ordering: .relaxed)
    }
  }
}
