import Testing

@testable import WAHA

@Suite struct CircuitBreakerTests {
  let start = ContinuousClock.now

  /// A breaker that has opened at `start`.
  func opened() -> CircuitBreaker {
    var breaker = CircuitBreaker()
    for _ in 0..<CircuitBreaker.threshold { breaker.ended(.regular, .failed, at: self.start) }
    return breaker
  }

  /// Half of the pause, and all of it, after `start`.
  var soon: ContinuousClock.Instant { self.start + CircuitBreaker.pause / 2 }
  var later: ContinuousClock.Instant { self.start + CircuitBreaker.pause }

  @Test func `five failures in a row open it, and no fewer`() {
    var breaker = CircuitBreaker()
    for _ in 0..<4 {
      breaker.ended(.regular, .failed, at: self.start)
      #expect(breaker.admit(at: self.start) == .granted(.regular))
      #expect(!breaker.isOpen(at: self.start))
    }
    breaker.ended(.regular, .failed, at: self.start)
    #expect(breaker.isOpen(at: self.start))
    #expect(breaker.admit(at: self.start) == .refused(retryAfter: .seconds(1)))
  }

  @Test func `an answer between failures begins the count anew`() {
    var breaker = CircuitBreaker()
    for _ in 0..<3 {
      for _ in 0..<4 { breaker.ended(.regular, .failed, at: self.start) }
      breaker.ended(.regular, .answered, at: self.start)
    }
    #expect(!breaker.isOpen(at: self.start))
  }

  @Test func `a call that says nothing counts neither way`() {
    var breaker = CircuitBreaker()
    for _ in 0..<4 {
      breaker.ended(.regular, .failed, at: self.start)
      breaker.ended(.regular, .unknown, at: self.start)
    }
    #expect(!breaker.isOpen(at: self.start))
    breaker.ended(.regular, .failed, at: self.start)
    #expect(breaker.isOpen(at: self.start))
  }

  @Test func `a refusal says how long it lasts`() {
    var breaker = self.opened()
    #expect(breaker.admit(at: self.soon) == .refused(retryAfter: .milliseconds(500)))
    #expect(breaker.admit(at: self.later) == .granted(.probe(1)))
  }

  @Test func `one probe goes out, and its answer lets everyone through`() {
    var breaker = self.opened()
    #expect(breaker.admit(at: self.later) == .granted(.probe(1)))
    #expect(breaker.admit(at: self.later) == .refused(retryAfter: .seconds(1)))
    #expect(breaker.isOpen(at: self.later))
    breaker.ended(.probe(1), .answered, at: self.later)
    #expect(!breaker.isOpen(at: self.later))
    #expect(breaker.admit(at: self.later) == .granted(.regular))
    for _ in 0..<4 { breaker.ended(.regular, .failed, at: self.later) }
    #expect(!breaker.isOpen(at: self.later))
  }

  @Test func `a probe that fails keeps it open for as long again`() {
    var breaker = self.opened()
    #expect(breaker.admit(at: self.later) == .granted(.probe(1)))
    let failed = self.later + .milliseconds(100)
    breaker.ended(.probe(1), .failed, at: failed)
    #expect(
      breaker.admit(at: self.later + .milliseconds(200))
        == .refused(retryAfter: .milliseconds(900)))
    #expect(breaker.admit(at: failed + .seconds(1)) == .granted(.probe(2)))
  }

  @Test func `a probe that is given up leaves its place to the next call`() {
    var breaker = self.opened()
    #expect(breaker.admit(at: self.later) == .granted(.probe(1)))
    breaker.ended(.probe(1), .unknown, at: self.later)
    #expect(breaker.admit(at: self.later) == .granted(.probe(2)))
  }

  @Test func `a probe that hangs keeps the next from going out for a pause and no longer`() {
    var breaker = self.opened()
    #expect(breaker.admit(at: self.later) == .granted(.probe(1)))
    #expect(breaker.admit(at: self.later + .seconds(1)) == .granted(.probe(2)))
    // The first is no longer the one whose place could be taken.
    breaker.ended(.probe(1), .unknown, at: self.later + .seconds(1))
    #expect(breaker.admit(at: self.later + .seconds(1)) == .refused(retryAfter: .seconds(1)))
    breaker.ended(.probe(2), .answered, at: self.later + .seconds(1))
    #expect(!breaker.isOpen(at: self.later))
  }

  @Test(arguments: [CircuitBreaker.Outcome.answered, .failed, .unknown])
  func `a call from before it opened changes nothing`(outcome: CircuitBreaker.Outcome) {
    var breaker = self.opened()
    breaker.ended(.regular, outcome, at: self.soon)
    #expect(breaker.admit(at: self.soon) == .refused(retryAfter: .milliseconds(500)))
    #expect(breaker.admit(at: self.later) == .granted(.probe(1)))
    breaker.ended(.regular, outcome, at: self.later)
    #expect(breaker.isOpen(at: self.later))
    #expect(breaker.admit(at: self.later) == .refused(retryAfter: .seconds(1)))
  }

  @Test func `it is open for as long as it refuses, though nobody asks`() {
    let breaker = self.opened()
    #expect(breaker.isOpen(at: self.soon))
    #expect(!breaker.isOpen(at: self.later))
  }

  @Test func `a probe that fails when another is out changes nothing`() {
    var breaker = self.opened()
    #expect(breaker.admit(at: self.later) == .granted(.probe(1)))
    let second = self.later + .seconds(1)
    #expect(breaker.admit(at: second) == .granted(.probe(2)))
    let failed = second + .milliseconds(500)
    breaker.ended(.probe(1), .failed, at: failed)
    #expect(breaker.admit(at: failed) == .refused(retryAfter: .milliseconds(500)))
    #expect(breaker.admit(at: second + .seconds(1)) == .granted(.probe(3)))
  }
}
