package import HTTP2

/// How often callers may call. Each limit is nil for none.
package struct AdmissionLimits: Sendable {
  /// Calls of one caller that read the session. Default: 2,000, and 1,000 a second.
  package var reads: RateLimit? = RateLimit(burst: 2_000, perSecond: 1_000)
  /// Calls of one caller that change the session. Default: 60, and 5 a second.
  package var writes: RateLimit? = RateLimit(burst: 60, perSecond: 5)
  /// Pages of lists for one caller. Default: 200, and 50 a second.
  package var lists: RateLimit? = RateLimit(burst: 200, perSecond: 50)
  /// Tokens from one address that were looked up and not valid. Default: 100, and 10 a second.
  package var failures: RateLimit? = RateLimit(burst: 100, perSecond: 10)

  package static let defaults = Self()

  package init() {}
}
