import NIOCore
import Testing

@testable import HTTP2

@Suite struct RateMeterTests {
  private let limit = RateLimit(burst: 3, perSecond: 2)
  private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

  /// How many events in a row pass at one moment, of at most ten.
  private func passing(_ meter: inout RateMeter, at now: NIODeadline) -> Int {
    for count in 0..<10 where !meter.count(self.limit, at: now) { return count }
    return 10
  }

  @Test func `a burst passes, and what comes on top does not`() {
    var meter = RateMeter()
    #expect(self.passing(&meter, at: self.start) == 3)
  }

  @Test func `what was used comes back with time, and no more than the burst`() {
    var meter = RateMeter()
    #expect(self.passing(&meter, at: self.start) == 3)
    // The one too many counted as well: two intervals have to pass.
    #expect(self.passing(&meter, at: self.start + .seconds(1)) == 1)
    var other = RateMeter()
    #expect(self.passing(&other, at: self.start) == 3)
    #expect(self.passing(&other, at: self.start + .hours(1)) == 3)
  }

  @Test func `what is earned is there before its time, and is not hoarded`() {
    var meter = RateMeter()
    #expect(self.passing(&meter, at: self.start) == 3)
    meter.earn(3, self.limit)
    #expect(self.passing(&meter, at: self.start) == 2)
    var rich = RateMeter()
    rich.earn(1_000, self.limit)
    #expect(self.passing(&rich, at: self.start) == 3)
  }
}
