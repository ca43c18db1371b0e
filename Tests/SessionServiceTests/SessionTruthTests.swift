import Testing
import UserAPI

@testable import SessionService

@Suite struct SessionTruthTests {
  /// The truth, and the clocks by which it is told.
  private struct Script {
    var truth = SessionTruth()
    var now = ContinuousClock.now
    var wallClock = Timestamp(millisecondsSinceEpoch: 0)

    mutating func pass(_ time: Duration) {
      self.now += time
      self.wallClock.millisecondsSinceEpoch += Int64(time / .milliseconds(1))
    }

    /// What is said after WAHA has said this.
    mutating func hear(
      _ status: SessionStatus, isVerified: Bool? = nil, after time: Duration = .zero
    ) -> SessionStatus? {
      self.pass(time)
      self.truth.answered(status, isVerified: isVerified, at: self.now, self.wallClock)
      return self.truth.verdict?.status
    }

    mutating func fail(after time: Duration) -> SessionStatus? {
      self.pass(time)
      self.truth.failed(.unreachable, at: self.now)
      return self.truth.verdict?.status
    }
  }

  @Test(arguments: ["STARTING", "SCAN_QR_CODE", "STOPPED", "FAILED", "NEW_WORD"])
  func `what is not WORKING is believed`(word: String) {
    var script = Script()
    #expect(script.hear(SessionStatus(rawValue: word))?.rawValue == word)
    #expect(script.truth.verdict?.reason == nil)
    #expect(script.truth.verifiedAt == nil)
  }

  @Test func `WORKING is said of what was seen to work`() {
    var script = Script()
    script.pass(.seconds(3))
    #expect(script.hear(.working, isVerified: true) == .working)
    #expect(script.truth.verifiedAt == Timestamp(millisecondsSinceEpoch: 3_000))
  }

  @Test func `WORKING that was never seen to be so is not`() {
    var script = Script()
    #expect(script.hear(.working, isVerified: false) == .unknown)
    #expect(script.truth.verdict?.reason == .notVerified)
    #expect(script.truth.reported == .working)
  }

  @Test func `one verification counts for a minute`() {
    var script = Script()
    _ = script.hear(.working, isVerified: true)
    #expect(script.hear(.working, isVerified: false, after: .milliseconds(59_999)) == .working)
    #expect(script.hear(.working, isVerified: false, after: .milliseconds(1)) == .unknown)
    #expect(script.truth.verdict?.reason == .notVerified)
    #expect(script.truth.verifiedAt == Timestamp(millisecondsSinceEpoch: 0))
    #expect(script.hear(.working, isVerified: true) == .working)
    #expect(script.truth.verdict?.reason == nil)
  }

  @Test func `a session that was tried in vain works no longer once its time is over`() {
    var script = Script()
    _ = script.hear(.working, isVerified: true)
    let ends = script.now + .seconds(60)
    // It will be tried in time.
    #expect(script.truth.unverifiedAt == nil)
    #expect(script.hear(.working, isVerified: false, after: .seconds(40)) == .working)
    #expect(script.truth.unverifiedAt == ends)
    script.truth.timePassed(at: ends - .milliseconds(1))
    #expect(script.truth.verdict?.status == .working)
    script.truth.timePassed(at: ends)
    #expect(script.truth.verdict == .init(status: .unknown, reason: .notVerified))
    #expect(script.truth.unverifiedAt == nil)
    #expect(script.hear(.working, isVerified: true, after: .seconds(21)) == .working)
  }

  @Test func `while WAHA does not answer its silence counts alone`() {
    var script = Script()
    _ = script.hear(.working, isVerified: true)
    _ = script.hear(.working, isVerified: false, after: .seconds(40))
    _ = script.fail(after: .seconds(5))
    #expect(script.truth.unverifiedAt == nil)
    script.truth.timePassed(at: script.now + .seconds(20))
    #expect(script.truth.verdict?.status == .working)
  }

  @Test func `a session that has come to work has time to show it`() {
    var script = Script()
    _ = script.hear(.starting)
    #expect(script.hear(.working, isVerified: false) == .starting)
    #expect(script.hear(.working, isVerified: false, after: .milliseconds(4_999)) == .starting)
    #expect(script.hear(.working, isVerified: false, after: .milliseconds(1)) == .unknown)
  }

  @Test(arguments: [SessionStatus.starting, .failed, .stopped])
  func `a flap is not shown`(status: SessionStatus) {
    var script = Script()
    _ = script.hear(.working, isVerified: true)
    #expect(script.hear(status) == .working)
    #expect(script.hear(status, after: .milliseconds(4_999)) == .working)
    #expect(script.hear(.working, isVerified: true) == .working)
    #expect(script.truth.doubtEnds == nil)
    // And what comes after it is another.
    #expect(script.hear(status, after: .seconds(1)) == .working)
    #expect(script.hear(status, after: .seconds(5)) == status)
  }

  @Test func `a session that goes from one word to the next is not held for each`() {
    var script = Script()
    _ = script.hear(.working, isVerified: true)
    #expect(script.hear(.starting) == .working)
    #expect(script.hear(.failed, after: .seconds(3)) == .working)
    #expect(script.hear(.starting, after: .seconds(2)) == .starting)
  }

  @Test func `a flap after which nothing works is shown`() {
    var script = Script()
    _ = script.hear(.working, isVerified: true)
    _ = script.hear(.starting)
    #expect(script.hear(.working, isVerified: false, after: .seconds(3)) == .working)
    #expect(script.hear(.working, isVerified: false, after: .seconds(2)) == .unknown)
  }

  @Test func `a session that was logged out from the phone is shown at once`() {
    var script = Script()
    _ = script.hear(.working, isVerified: true)
    #expect(script.hear(.scanQRCode) == .scanQRCode)
  }

  @Test func `what was done to a session is shown at once, and then no more`() {
    var script = Script()
    _ = script.hear(.working, isVerified: true)
    script.truth.changeBegan()
    script.truth.changeEnded()
    #expect(script.hear(.starting) == .starting)
    #expect(script.hear(.working, isVerified: true) == .working)
    #expect(script.hear(.starting) == .working)
  }

  @Test func `a WAHA that does not answer for too long is believed no more`() {
    var script = Script()
    _ = script.hear(.working, isVerified: true)
    #expect(script.fail(after: .milliseconds(29_999)) == .working)
    #expect(script.fail(after: .milliseconds(1)) == .unknown)
    #expect(script.truth.verdict?.reason?.rawValue == "UPSTREAM_UNAVAILABLE")
    #expect(script.hear(.working, isVerified: true) == .working)
    #expect(script.fail(after: .seconds(1)) == .working)
  }

  @Test(arguments: [SessionStatus.starting, .scanQRCode, .failed])
  func `any other status stays while WAHA does not answer`(status: SessionStatus) {
    var script = Script()
    _ = script.hear(status)
    #expect(script.fail(after: .seconds(3_600)) == status)
  }
}
