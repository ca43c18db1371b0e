import HTTP2
import Testing

@testable import UserAPIServer

@Suite struct RateBucketsTests {
  private let start = ContinuousClock.now

  @Test func `a bucket gives its burst, and then as much as comes back`() {
    var buckets = RateBuckets<String>(limit: RateLimit(burst: 3, perSecond: 10))
    for _ in 0..<3 { #expect(buckets.take("a", at: self.start) == nil) }
    #expect(buckets.take("a", at: self.start) == .milliseconds(100))
    #expect(buckets.wait("a", at: self.start) == .milliseconds(100))
    // Who is refused takes nothing.
    for _ in 0..<10 { #expect(buckets.take("a", at: self.start) == .milliseconds(100)) }
    let later = self.start + .milliseconds(99)
    #expect(buckets.take("a", at: later) == .milliseconds(1))
    #expect(buckets.take("a", at: later + .milliseconds(1)) == nil)
    #expect(buckets.take("a", at: later + .milliseconds(1)) == .milliseconds(100))
  }

  @Test func `who waits as long as asked is let in`() {
    var buckets = RateBuckets<Int>(limit: RateLimit(burst: 1, perSecond: 3))
    var now = self.start
    #expect(buckets.take(1, at: now) == nil)
    for _ in 0..<100 {
      guard let wait = buckets.take(1, at: now) else {
        Issue.record("let in too early")
        return
      }
      now += wait
      #expect(buckets.wait(1, at: now) == nil)
      #expect(buckets.take(1, at: now) == nil)
    }
  }

  @Test func `a bucket that was left alone is full, and no fuller`() {
    var buckets = RateBuckets<Int>(limit: RateLimit(burst: 2, perSecond: 1))
    for _ in 0..<2 { #expect(buckets.take(1, at: self.start) == nil) }
    let later = self.start + .seconds(1_000)
    #expect(buckets.wait(1, at: later) == nil)
    for _ in 0..<2 { #expect(buckets.take(1, at: later) == nil) }
    #expect(buckets.take(1, at: later) == .seconds(1))
  }

  @Test func `one caller's bucket is not another's`() {
    var buckets = RateBuckets<Int>(limit: RateLimit(burst: 1, perSecond: 1))
    for key in 0..<100 { #expect(buckets.take(key, at: self.start) == nil) }
    for key in 0..<100 { #expect(buckets.take(key, at: self.start) == .seconds(1)) }
  }

  @Test func `of more callers than there is room for those begin anew that are not in use`() {
    var buckets = RateBuckets<Int>(limit: RateLimit(burst: 1, perSecond: 1), capacity: 100)
    #expect(buckets.take(-1, at: self.start) == nil)
    for key in 0..<10_000 {
      #expect(buckets.take(key, at: self.start) == nil)
      if key.isMultiple(of: 10) { #expect(buckets.take(-1, at: self.start) == .seconds(1)) }
    }
    #expect(buckets.take(0, at: self.start) == nil)
  }
}
