import Testing
import UserAPI

@testable import SessionService

@Suite struct SessionFollowerTests {
  /// A follower and the clocks that it is asked by.
  private struct Script {
    var follower = SessionFollower()
    var now = ContinuousClock.now
    var wallClock = Timestamp(millisecondsSinceEpoch: 0)

    mutating func look(
      _ look: SessionFollower.Look, after pause: Duration = .zero
    ) -> SessionFollower.Action {
      self.now += pause
      self.wallClock.millisecondsSinceEpoch += Int64(pause / .milliseconds(1))
      return self.follower.looked(look, at: self.now, self.wallClock)
    }

    mutating func status(
      _ status: SessionStatus, _ code: String? = nil, isVerified: Bool? = nil,
      after pause: Duration = .zero
    ) -> SessionFollower.Action {
      self.look(
        .state(
          status, code.map(Self.code), isVerified: isVerified ?? (status == .working ? true : nil)),
        after: pause)
    }

    /// What is told of a session that is as WAHA says.
    func told(_ status: SessionStatus, _ code: ShownCode? = nil) -> SessionFollower.Action {
      .tell(
        SessionFollower.Report(
          status: status, reported: status,
          verifiedAt: status == .working ? self.wallClock : nil, code: code))
    }

    static func code(_ text: String) -> QRCode { QRCode(text: text, picture: Array(text.utf8)) }

    static func shown(_ text: String, expires: Int64? = nil, attempt: Int? = nil) -> ShownCode {
      ShownCode(
        code: Self.code(text), expiresAt: expires.map(Timestamp.init(millisecondsSinceEpoch:)),
        attempt: attempt)
    }

    var pause: Duration { self.follower.pause(at: self.now) }
  }

  @Test func `what stays as it is is told once`() {
    var script = Script()
    #expect(script.status(.starting) == script.told(.starting))
    #expect(script.status(.starting) == .none)
    #expect(script.status(.working) == script.told(.working))
    #expect(script.status(.working) == .none)
  }

  @Test func `each code is told with its number and the time until which it lasts`() {
    var script = Script()
    _ = script.status(.starting)
    #expect(
      script.status(.scanQRCode, "a", after: .seconds(1))
        == script.told(.scanQRCode, Script.shown("a", expires: 60_000, attempt: 1)))
    #expect(script.status(.scanQRCode, "a", after: .seconds(58)) == .none)
    #expect(
      script.status(.scanQRCode, "b", after: .seconds(2))
        == script.told(.scanQRCode, Script.shown("b", expires: 79_000, attempt: 2)))
    #expect(script.status(.working, after: .seconds(1)) == script.told(.working))
  }

  @Test func `a code that WAHA makes only later is told when it is there`() {
    var script = Script()
    _ = script.status(.starting)
    #expect(script.status(.scanQRCode) == script.told(.scanQRCode))
    #expect(script.status(.scanQRCode) == .none)
    #expect(
      script.status(.scanQRCode, "a")
        == script.told(.scanQRCode, Script.shown("a", expires: 60_000, attempt: 1)))
  }

  @Test func `of a code that nobody saw begin neither number nor end are known`() {
    var script = Script()
    #expect(script.status(.scanQRCode, "c") == script.told(.scanQRCode, Script.shown("c")))
    #expect(
      script.status(.scanQRCode, "d", after: .seconds(5))
        == script.told(.scanQRCode, Script.shown("d", expires: 20_000)))
  }

  @Test func `a verification that took longer than it was due has the next soon behind it`() {
    var script = Script()
    _ = script.status(.working)
    #expect(script.status(.working, isVerified: false, after: .seconds(20)) == .none)
    #expect(script.follower.pause(at: script.now + .seconds(25)) == .seconds(1))
  }

  @Test func `a second wait for a scan counts anew`() {
    var script = Script()
    _ = script.status(.scanQRCode, "a")
    _ = script.status(.starting)
    #expect(
      script.status(.scanQRCode, "b")
        == script.told(.scanQRCode, Script.shown("b", expires: 60_000, attempt: 1)))
  }

  @Test func `a code that cannot be read for a moment is told no second time`() {
    var script = Script()
    _ = script.status(.starting)
    _ = script.status(.scanQRCode, "a")
    #expect(script.status(.scanQRCode) == .none)
    #expect(script.status(.scanQRCode, "a") == .none)
  }

  @Test func `a logout ends the watch at once`() {
    var script = Script()
    _ = script.status(.working)
    #expect(script.look(.missing(isLoggedOut: true)) == .end(nil))
  }

  @Test func `a session that WAHA has lost is looked for once more`() {
    var script = Script()
    _ = script.status(.working)
    #expect(script.look(.missing(isLoggedOut: false)) == .none)
    #expect(script.pause == .seconds(1))
    guard case .end(let error) = script.look(.missing(isLoggedOut: false)) else {
      Issue.record("no end")
      return
    }
    #expect(error?.reason == .sessionMissingUpstream)
  }

  @Test func `a session that comes back is not missing`() {
    var script = Script()
    _ = script.status(.working)
    _ = script.look(.missing(isLoggedOut: false))
    #expect(script.status(.working) == .none)
    #expect(script.look(.missing(isLoggedOut: false)) == .none)
  }

  @Test func `a failure ends only a watch that has told nothing yet`() {
    var script = Script()
    #expect(script.look(.failure(.unreachable)) == .end(.unreachable))
    script = Script()
    _ = script.status(.working)
    #expect(script.look(.failure(.unreachable)) == .none)
    #expect(script.status(.working) == .none)
  }

  @Test func `a WAHA that is silent for too long makes a session unknown`() {
    var script = Script()
    _ = script.status(.working)
    #expect(script.look(.failure(.unreachable), after: .seconds(29)) == .none)
    #expect(script.pause == .seconds(1))
    let told = SessionFollower.Action.tell(
      SessionFollower.Report(
        status: .unknown, reported: .working,
        reason: SessionEventReason(rawValue: "UPSTREAM_UNAVAILABLE")))
    #expect(script.look(.failure(.unreachable), after: .seconds(1)) == told)
    #expect(script.look(.failure(.unreachable), after: .seconds(1)) == .none)
  }

  @Test func `a flap is no event, and ends the pause early`() {
    var script = Script()
    _ = script.status(.working)
    #expect(script.status(.failed, after: .seconds(10)) == .none)
    #expect(script.pause == .seconds(1))
    #expect(script.status(.failed, after: .milliseconds(4_500)) == .none)
    #expect(script.pause == .milliseconds(500))
    #expect(script.status(.working) == .none)
    #expect(script.pause == .seconds(10))
  }

  @Test func `a session that works is verified every 20 s`() {
    var script = Script()
    #expect(script.follower.needsVerification(at: script.now))
    _ = script.status(.working)
    #expect(!script.follower.needsVerification(at: script.now + .milliseconds(19_999)))
    #expect(script.follower.needsVerification(at: script.now + .seconds(20)))
  }

  @Test func `a WAHA that fails is asked ever more rarely`() {
    var script = Script()
    _ = script.status(.starting)
    var pauses: [Duration] = []
    for _ in 0..<6 {
      _ = script.look(.failure(.unreachable))
      pauses.append(script.pause)
    }
    #expect(pauses == [1, 2, 4, 8, 16, 16].map { .seconds($0) })
    _ = script.status(.starting)
    #expect(script.pause == .milliseconds(200))
  }

  @Test(arguments: [
    (SessionStatus.starting, Duration.milliseconds(200)), (.working, .seconds(10)),
    (.stopped, .seconds(5)), (.failed, .seconds(5)), (SessionStatus(rawValue: "NEW"), .seconds(5)),
  ])
  func `how often WAHA is asked follows the state`(status: SessionStatus, pause: Duration) {
    var script = Script()
    _ = script.status(status)
    #expect(script.pause == pause)
  }

  @Test func `a code is looked for slowly, and fast from a second before it is due`() {
    var script = Script()
    _ = script.status(.starting)
    _ = script.status(.scanQRCode, "a")
    #expect(script.pause == .seconds(1))
    _ = script.status(.scanQRCode, "a", after: .milliseconds(58_500))
    #expect(script.pause == .milliseconds(500))
    _ = script.status(.scanQRCode, "a", after: .milliseconds(500))
    #expect(script.pause == .milliseconds(200))
    _ = script.status(.scanQRCode, "a", after: .seconds(10))
    #expect(script.pause == .milliseconds(200))
    _ = script.status(.scanQRCode, "a", after: .seconds(1))
    #expect(script.pause == .seconds(1))
  }

  @Test func `a code whose time is over is shown no longer`() {
    var script = Script()
    _ = script.status(.starting)
    _ = script.status(.scanQRCode, "a")
    #expect(script.follower.changesAt == script.now + .seconds(61))
    #expect(script.status(.scanQRCode, "a", after: .milliseconds(60_999)) == .none)
    #expect(script.status(.scanQRCode, "a", after: .milliseconds(1)) == script.told(.scanQRCode))
    #expect(script.follower.changesAt == nil)
    #expect(script.status(.scanQRCode, "a", after: .seconds(1)) == .none)
    #expect(
      script.status(.scanQRCode, "b", after: .seconds(1))
        == script.told(.scanQRCode, Script.shown("b", expires: 82_000, attempt: 2)))
  }

  @Test func `a code goes in time while WAHA is still being asked`() {
    var script = Script()
    _ = script.status(.starting)
    _ = script.status(.scanQRCode, "a")
    #expect(script.follower.timePassed(at: script.now + .milliseconds(60_999)) == .none)
    #expect(
      script.follower.timePassed(at: script.now + .seconds(61)) == script.told(.scanQRCode))
    #expect(script.follower.timePassed(at: script.now + .seconds(61)) == .none)
    #expect(script.follower.shownCode?.text == "a")
  }

  @Test func `a code goes in time while WAHA does not answer`() {
    var script = Script()
    _ = script.status(.starting)
    _ = script.status(.scanQRCode, "a")
    #expect(
      script.look(.failure(.unreachable), after: .seconds(61)) == script.told(.scanQRCode))
  }

  @Test func `a code that WAHA took too long to give is not over before it is shown`() {
    var script = Script()
    _ = script.status(.starting)
    _ = script.status(.scanQRCode, "a")
    #expect(
      script.follower.looked(
        .state(.scanQRCode, Script.code("b"), isVerified: nil), at: script.now,
        script.wallClock, answeredAt: script.now + .seconds(20))
        == script.told(.scanQRCode, Script.shown("b", attempt: 2)))
  }

  @Test func `a code whose end is not known stays as long as it is seen`() {
    var script = Script()
    _ = script.status(.scanQRCode, "a")
    #expect(script.follower.changesAt == nil)
    for _ in 0..<20 {
      #expect(script.status(.scanQRCode, "a", after: .seconds(30)) == .none)
      #expect(script.follower.report?.code?.code.text == "a")
    }
    // No code lasts for longer.
    #expect(script.look(.failure(.unreachable), after: .seconds(59)) == .none)
    #expect(
      script.look(.failure(.unreachable), after: .seconds(1)) == script.told(.scanQRCode))
    #expect(
      script.status(.scanQRCode, "a")
        == script.told(.scanQRCode, Script.shown("a")))
  }

  @Test func `a code that could not be read for a time ends no later for that`() {
    var script = Script()
    _ = script.status(.starting)
    for _ in 0..<15 { _ = script.status(.scanQRCode, after: .seconds(1)) }
    #expect(
      script.status(.scanQRCode, "a")
        == script.told(.scanQRCode, Script.shown("a", expires: 60_000, attempt: 1)))
    for _ in 0..<10 { _ = script.status(.scanQRCode, after: .seconds(1)) }
    #expect(
      script.status(.scanQRCode, "b")
        == script.told(.scanQRCode, Script.shown("b", expires: 35_000, attempt: 2)))
  }

  @Test func `after too long without a look it is not known which code it is`() {
    var script = Script()
    _ = script.status(.starting)
    _ = script.status(.scanQRCode, "a")
    #expect(
      script.status(.scanQRCode, "d", after: .seconds(20))
        == script.told(.scanQRCode, Script.shown("d")))
  }

  @Test func `a code that is there again after a moment is the same code`() {
    var script = Script()
    _ = script.status(.starting)
    _ = script.status(.scanQRCode, "a")
    _ = script.status(.scanQRCode, "a", after: .seconds(59))
    _ = script.status(.scanQRCode, "b", after: .seconds(1))
    _ = script.status(.starting, after: .seconds(5))
    #expect(
      script.status(.scanQRCode, "b", after: .seconds(1))
        == script.told(.scanQRCode, Script.shown("b", expires: 79_000, attempt: 2)))
  }

  @Test func `what was done and seen to be over has not begun anything anew`() {
    var script = Script()
    script.follower.changeBegan()
    _ = script.status(.starting)
    _ = script.status(.scanQRCode, "a", after: .seconds(1))
    script.follower.changeEnded()
    _ = script.status(.scanQRCode, "a", after: .seconds(58))
    #expect(
      script.status(.scanQRCode, "b", after: .seconds(2))
        == script.told(.scanQRCode, Script.shown("b", expires: 79_000, attempt: 2)))
  }

  @Test func `a session that does not come further is asked for ever more rarely`() {
    var script = Script()
    _ = script.status(.starting)
    #expect(script.pause == .milliseconds(200))
    _ = script.status(.starting, after: .seconds(60))
    #expect(script.pause == .seconds(1))
    _ = script.status(.starting, after: .seconds(240))
    #expect(script.pause == .seconds(5))
    _ = script.status(.scanQRCode, after: .seconds(1))
    #expect(script.pause == .milliseconds(200))
  }

  @Test func `of a session that was started a short time ago the first code is known`() {
    var script = Script()
    script.follower = SessionFollower(startedAfter: script.now)
    #expect(
      script.status(.scanQRCode, "a", after: .seconds(2))
        == script.told(.scanQRCode, Script.shown("a", expires: 60_000, attempt: 1)))
  }

  @Test func `a code behind something that was done may be the first of another wait`() {
    var script = Script()
    _ = script.status(.starting)
    _ = script.status(.scanQRCode, "a")
    script.follower.changeBegan()
    script.follower.changeEnded()
    // Neither its number nor its end is known.
    #expect(
      script.status(.scanQRCode, "b", after: .seconds(1))
        == script.told(.scanQRCode, Script.shown("b")))
    #expect(
      script.status(.scanQRCode, "c", after: .seconds(1))
        == script.told(.scanQRCode, Script.shown("c", expires: 21_000)))
  }

  @Test func `a code whose end is not known is looked for fast`() {
    var script = Script()
    _ = script.status(.scanQRCode, "a")
    #expect(script.pause == .milliseconds(200))
  }

  @Test func `a code prints as nothing`() {
    let code = Script.shown("2@secret", expires: 1, attempt: 1)
    var dumped = ""
    dump(code, to: &dumped)
    dump(code.code, to: &dumped)
    #expect("\(code)" == "<redacted>" && "\(code.code)" == "<redacted>")
    #expect(!dumped.contains("secret"))
  }
}
