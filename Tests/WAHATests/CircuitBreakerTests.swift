import Testing

@testable import WAHA

@Suite struct CircuitBreakerTests {
  let start = ContinuousClock.now

  /// A breaker that has opened at `start`.
  func opened() -> CircuitBreaker {
    var breaker = CircuitBreaker()
    for _ in 0..<CircuitBreaker.threshold { _ = breaker.ended(.regular, .failed, at: self.start) }
    breaker.serverAsked(.failed, at: self.start)
    return breaker
  }

  /// Half of the pause, and all of it, after `start`.
  var soon: ContinuousClock.Instant { self.start + CircuitBreaker.pause / 2 }
  var later: ContinuousClock.Instant { self.start + CircuitBreaker.pause }

  @Test func `after five failures in a row the server is asked, once`() {
    var breaker = CircuitBreaker()
    for _ in 0..<4 { #expect(breaker.ended(.regular, .failed, at: self.start) == false) }
    #expect(breaker.ended(.regular, .failed, at: self.start) == true)
    // Until it has answered, calls go out.
    #expect(breaker.admit(at: self.start) == .granted(.regular))
    #expect(breaker.ended(.regular, .failed, at: self.start) == false)
    breaker.serverAsked(.failed, at: self.start)
    #expect(breaker.isOpen(at: self.start))
    #expect(breaker.admit(at: self.start) == .refused(retryAfter: .seconds(1)))
  }

  @Test func `a server that answers when it is asked keeps it closed`() {
    var breaker = CircuitBreaker()
    for _ in 0..<3 {
      for count in 1...5 {
        #expect(breaker.ended(.regular, .failed, at: self.start) == (count == 5))
      }
      breaker.serverAsked(.answered, at: self.start)
      #expect(!breaker.isOpen(at: self.start))
    }
  }

  @Test func `a question that was given up is asked again with the next failure`() {
    var breaker = CircuitBreaker()
    for _ in 0..<5 { _ = breaker.ended(.regular, .failed, at: self.start) }
    breaker.serverAsked(.unknown, at: self.start)
    #expect(breaker.ended(.regular, .failed, at: self.start) == true)
  }

  @Test func `a call that is answered meanwhile tells more than the question`() {
    var breaker = CircuitBreaker()
    for _ in 0..<5 { _ = breaker.ended(.regular, .failed, at: self.start) }
    _ = breaker.ended(.regular, .answered, at: self.start)
    breaker.serverAsked(.failed, at: self.start)
    #expect(!breaker.isOpen(at: self.start))
  }

  @Test func `an answer between failures begins the count anew`() {
    var breaker = CircuitBreaker()
    for _ in 0..<3 {
      for _ in 0..<4 { _ = breaker.ended(.regular, .failed, at: self.start) }
      _ = breaker.ended(.regular, .answered, at: self.start)
    }
    #expect(!breaker.isOpen(at: self.start))
  }

  @Test func `a call that says nothing counts neither way`() {
    var breaker = CircuitBreaker()
    for _ in 0..<4 {
      #expect(breaker.ended(.regular, .failed, at: self.start) == false)
      #expect(breaker.ended(.regular, .unknown, at: self.start) == false)
    }
    #expect(breaker.ended(.regular, .failed, at: self.start) == true)
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
    _ = breaker.ended(.probe(1), .answered, at: self.later)
    #expect(!breaker.isOpen(at: self.later))
    #expect(breaker.admit(at: self.later) == .granted(.regular))
    for _ in 0..<4 { _ = breaker.ended(.regular, .failed, at: self.later) }
    #expect(!breaker.isOpen(at: self.later))
  }

  @Test func `a probe that fails keeps it open for as long again`() {
    var breaker = self.opened()
    #expect(breaker.admit(at: self.later) == .granted(.probe(1)))
    let failed = self.later + .milliseconds(100)
    _ = breaker.ended(.probe(1), .failed, at: failed)
    #expect(
      breaker.admit(at: self.later + .milliseconds(200))
        == .refused(retryAfter: .milliseconds(900)))
    #expect(breaker.admit(at: failed + .seconds(1)) == .granted(.probe(2)))
  }

  @Test func `a probe that is given up leaves its place to the next call`() {
    var breaker = self.opened()
    #expect(breaker.admit(at: self.later) == .granted(.probe(1)))
    _ = breaker.ended(.probe(1), .unknown, at: self.later)
    #expect(breaker.admit(at: self.later) == .granted(.probe(2)))
  }

  @Test func `a probe that hangs keeps the next from going out for a pause and no longer`() {
    var breaker = self.opened()
    #expect(breaker.admit(at: self.later) == .granted(.probe(1)))
    #expect(breaker.admit(at: self.later + .seconds(1)) == .granted(.probe(2)))
    // The first is no longer the one whose place could be taken.
    _ = breaker.ended(.probe(1), .unknown, at: self.later + .seconds(1))
    #expect(breaker.admit(at: self.later + .seconds(1)) == .refused(retryAfter: .seconds(1)))
    _ = breaker.ended(.probe(2), .answered, at: self.later + .seconds(1))
    #expect(!breaker.isOpen(at: self.later))
  }

  @Test(arguments: [CircuitBreaker.Outcome.answered, .failed, .unknown])
  func `a call from before it opened changes nothing`(outcome: CircuitBreaker.Outcome) {
    var breaker = self.opened()
    _ = breaker.ended(.regular, outcome, at: self.soon)
    #expect(breaker.admit(at: self.soon) == .refused(retryAfter: .milliseconds(500)))
    #expect(breaker.admit(at: self.later) == .granted(.probe(1)))
    _ = breaker.ended(.regular, outcome, at: self.later)
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
    _ = breaker.ended(.probe(1), .failed, at: failed)
    #expect(breaker.admit(at: failed) == .refused(retryAfter: .milliseconds(500)))
    #expect(breaker.admit(at: second + .seconds(1)) == .granted(.probe(3)))
  }
}
