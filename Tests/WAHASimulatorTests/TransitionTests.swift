import Testing
import WAHASimulator

/// What a machine tells of what it went through.
@Suite struct TransitionTests {
  private let start = ContinuousClock.now

  private func machine(scanAfter: Duration? = nil) -> SessionMachine {
    var timing = Timing()
    timing.startDelay = .seconds(1)
    timing.scanAfter = scanAfter
    return SessionMachine(timing: timing)
  }

  /// Status, seconds since the start, code.
  private func told(_ machine: inout SessionMachine) -> [String] {
    machine.takeTransitions().map { transition in
      let seconds = self.start.duration(to: transition.at).components.seconds
      return "\(transition.status) \(seconds) \(transition.code.map { "\($0)" } ?? "-")"
    }
  }

  @Test func `a late advance tells every transition with its own time`() {
    var machine = self.machine()
    machine.start(at: start)
    machine.advance(to: start + .seconds(1000), engine: .gows)
    #expect(
      self.told(&machine) == [
        "STARTING 0 -", "SCAN_QR_CODE 1 1", "SCAN_QR_CODE 61 2", "SCAN_QR_CODE 81 3",
        "SCAN_QR_CODE 101 4", "SCAN_QR_CODE 121 5", "SCAN_QR_CODE 141 6", "FAILED 161 -",
      ])
    #expect(self.told(&machine) == [])
    machine.advance(to: start + .seconds(2000), engine: .gows)
    #expect(self.told(&machine) == [])
  }

  @Test func `each transition tells the last three, from the start on`() {
    var machine = self.machine(scanAfter: .seconds(3))
    machine.start(at: start)
    machine.advance(to: start + .seconds(10), engine: .gows)
    machine.stop(at: start + .seconds(20))
    machine.start(at: start + .seconds(30))
    let latest = machine.takeTransitions().map { $0.latest.map(\.status) }
    #expect(
      latest == [
        ["STOPPED", "STARTING"], ["STOPPED", "STARTING", "SCAN_QR_CODE"],
        ["STARTING", "SCAN_QR_CODE", "STARTING"], ["SCAN_QR_CODE", "STARTING", "WORKING"],
        ["STARTING", "WORKING", "STOPPED"], ["STOPPED", "STARTING"],
      ])
  }

  @Test func `the account is known from WORKING on`() {
    var machine = self.machine(scanAfter: .seconds(3))
    machine.start(at: start)
    machine.advance(to: start + .seconds(10), engine: .gows)
    machine.stop(at: start + .seconds(20))
    machine.unpair()
    machine.start(at: start + .seconds(30))
    #expect(
      machine.takeTransitions().map(\.isIdentified) == [false, false, false, true, true, false])
  }

  @Test func `a status that does not change is not told, a new code is`() {
    var machine = self.machine()
    for status in ["WORKING", "WORKING", "SCAN_QR_CODE", "SCAN_QR_CODE", "X", "X", "STOPPED"] {
      machine.force(status, at: start)
    }
    machine.stop(at: start)
    #expect(
      self.told(&machine) == [
        "WORKING 0 -", "SCAN_QR_CODE 0 1", "SCAN_QR_CODE 0 2", "X 0 -", "STOPPED 0 -",
      ])
  }

  @Test func `a flap goes through its statuses and back`() {
    var machine = self.machine()
    machine.force("WORKING", at: start)
    let begun = machine.flap(
      through: ["STARTING", "SCAN_QR_CODE", "STOPPED"], each: .seconds(2), at: start + .seconds(5))
    #expect(begun)
    #expect(machine.status == "STARTING")
    #expect(machine.nextDeadline == start + .seconds(7))
    machine.advance(to: start + .seconds(9), engine: .webjs)
    #expect(machine.status == "STOPPED")
    #expect(machine.isRunning)
    machine.advance(to: start + .seconds(100), engine: .webjs)
    #expect(
      self.told(&machine) == [
        "WORKING 0 -", "STARTING 5 -", "SCAN_QR_CODE 7 1", "STOPPED 9 -", "WORKING 11 -",
      ])
    #expect(machine.nextDeadline == nil)
  }

  @Test func `a flap stops the clock of a code, which is the same after`() {
    var machine = self.machine()
    machine.start(at: start)
    machine.advance(to: start + .seconds(1), engine: .webjs)
    let begun = machine.flap(through: ["STARTING"], each: .seconds(100), at: start + .seconds(11))
    #expect(begun)
    let scanned = machine.scan(at: start + .seconds(20), engine: .webjs)
    #expect(!scanned)
    machine.advance(to: start + .seconds(161), engine: .webjs)
    #expect(
      self.told(&machine) == [
        "STARTING 0 -", "SCAN_QR_CODE 1 1", "STARTING 11 -", "SCAN_QR_CODE 111 1",
        "SCAN_QR_CODE 161 2",
      ])
  }

  @Test func `a second flap takes the place of the first`() {
    var machine = self.machine()
    machine.force("WORKING", at: start)
    for status in ["A", "B"] {
      let begun = machine.flap(
        through: [status], each: .seconds(5), at: start + .seconds(status == "A" ? 1 : 2))
      #expect(begun)
    }
    machine.advance(to: start + .seconds(100), engine: .webjs)
    #expect(self.told(&machine) == ["WORKING 0 -", "A 1 -", "B 2 -", "WORKING 7 -"])
  }

  @Test func `what is stopped does not flap, and stopping ends a flap`() {
    var machine = self.machine()
    var begun = machine.flap(through: ["A"], each: .seconds(1), at: start)
    #expect(!begun)
    machine.force("WORKING", at: start)
    begun = machine.flap(through: ["A"], each: .seconds(1), at: start)
    #expect(begun)
    machine.stop(at: start)
    machine.advance(to: start + .seconds(10), engine: .webjs)
    #expect(machine.status == "STOPPED")
  }
}
