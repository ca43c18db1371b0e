import Testing
import WAHASimulator

@Suite struct SessionMachineTests {
  private let start = ContinuousClock.now

  private func machine(scanAfter: Duration? = nil) -> SessionMachine {
    var timing = Timing()
    timing.startDelay = .seconds(1)
    timing.scanAfter = scanAfter
    return SessionMachine(timing: timing)
  }

  @Test func `an unscanned session shows six codes and fails`() {
    var machine = self.machine()
    #expect(machine.status == "STOPPED")
    #expect(!machine.isRunning)
    machine.start(at: start)
    #expect(machine.status == "STARTING")
    #expect(machine.nextDeadline == start + .seconds(1))
    for (seconds, status, codes) in [
      (0.9, "STARTING", 0), (1, "SCAN_QR_CODE", 1), (60.9, "SCAN_QR_CODE", 1),
      (61, "SCAN_QR_CODE", 2), (81, "SCAN_QR_CODE", 3), (141, "SCAN_QR_CODE", 6),
      (160.9, "SCAN_QR_CODE", 6), (161, "FAILED", 6),
    ] {
      machine.advance(to: start + .seconds(seconds), engine: .webjs)
      #expect(machine.status == status, "at \(seconds)")
      #expect(machine.codeSerial == codes, "at \(seconds)")
    }
    #expect(machine.isRunning)
    #expect(machine.nextDeadline == nil)
  }

  @Test func `a late advance makes every transition at its own time`() {
    var machine = self.machine()
    machine.start(at: start)
    machine.advance(to: start + .seconds(100), engine: .gows)
    #expect(machine.status == "SCAN_QR_CODE")
    #expect(machine.codeSerial == 3)
    #expect(machine.nextDeadline == start + .seconds(101))
  }

  @Test func `old NOWEB makes codes for ever`() {
    var machine = self.machine()
    machine.start(at: start)
    machine.advance(to: start + .seconds(1000), engine: .noweb, endlessCodes: true)
    #expect(machine.status == "SCAN_QR_CODE")
  }

  @Test(arguments: Engine.allCases)
  func `the scan leads to WORKING, on some engines by way of STARTING`(engine: Engine) {
    var machine = self.machine()
    machine.start(at: start)
    let early = machine.scan(at: start, engine: engine)
    #expect(!early)
    machine.advance(to: start + .seconds(1), engine: engine)
    let scanned = machine.scan(at: start + .seconds(5), engine: engine)
    #expect(scanned)
    #expect(machine.status == (engine == .webjs ? "WORKING" : "STARTING"))
    #expect(machine.isPaired)
    #expect(machine.isIdentified == (engine == .webjs))
    machine.advance(to: start + .seconds(6), engine: engine)
    #expect(machine.status == "WORKING")
    #expect(machine.isIdentified)
  }

  @Test func `a code is scanned by itself when told so`() {
    var machine = self.machine(scanAfter: .seconds(3))
    machine.start(at: start)
    machine.advance(to: start + .seconds(3.9), engine: .webjs)
    #expect(machine.status == "SCAN_QR_CODE")
    machine.advance(to: start + .seconds(4), engine: .webjs)
    #expect(machine.status == "WORKING")
  }

  @Test func `stopping keeps the credentials, unpairing drops them`() {
    var machine = self.machine()
    machine.start(at: start)
    machine.advance(to: start + .seconds(1), engine: .webjs)
    _ = machine.scan(at: start + .seconds(1), engine: .webjs)
    machine.stop(at: start)
    #expect(machine.status == "STOPPED")
    #expect(machine.isPaired)
    machine.start(at: start + .seconds(2))
    machine.advance(to: start + .seconds(3), engine: .webjs)
    #expect(machine.status == "WORKING")
    machine.stop(at: start)
    machine.unpair()
    machine.start(at: start + .seconds(4))
    machine.advance(to: start + .seconds(5), engine: .webjs)
    #expect(machine.status == "SCAN_QR_CODE")
    #expect(!machine.isIdentified)
  }

  @Test func `start does not leave FAILED, stop and start do`() {
    var machine = self.machine()
    machine.force("FAILED", at: start)
    machine.start(at: start)
    #expect(machine.status == "FAILED")
    machine.stop(at: start)
    machine.start(at: start)
    #expect(machine.status == "STARTING")
  }

  @Test(arguments: ["STOPPED", "STARTING", "SCAN_QR_CODE", "WORKING", "FAILED", "PASSKEY_REQUIRED"])
  func `a forced status stays`(status: String) {
    var machine = self.machine(scanAfter: .seconds(1))
    machine.start(at: start)
    machine.force(status, at: start)
    machine.advance(to: start + .seconds(1000), engine: .webjs)
    #expect(machine.status == status)
    #expect(machine.nextDeadline == nil)
  }
}
