import Testing

@testable import HTTP2

@Suite struct DrainMachineTests {
  /// A way to reach a state, in the machine's own words.
  enum State: CaseIterable {
    case open, announced, final

    func machine() -> DrainMachine {
      var machine = DrainMachine()
      switch self {
      case .open:
        break
      case .announced:
        #expect(machine.begin() == .announceAndPing)
      case .final:
        #expect(machine.begin() == .announceAndPing)
        #expect(machine.pingAcknowledged() == .goAway)
      }
      return machine
    }
  }

  @Test func `a drain announces, waits one round trip and names the last stream`() {
    var machine = DrainMachine()
    #expect(machine.begin() == .announceAndPing)
    #expect(machine.pingAcknowledged() == .goAway)
    #expect(machine.pingAcknowledged() == .none)
    #expect(machine.begin() == .none)
  }

  @Test(arguments: State.allCases)
  func `only an open connection begins to drain`(state: State) {
    var machine = state.machine()
    #expect(machine.begin() == (state == .open ? .announceAndPing : .none))
    #expect(machine.begin() == .none)
  }

  @Test(arguments: State.allCases)
  func `only the acknowledgement of the announcement counts`(state: State) {
    var machine = state.machine()
    #expect(machine.pingAcknowledged() == (state == .announced ? .goAway : .none))
    #expect(machine.pingAcknowledged() == .none)
  }

  @Test func `an acknowledgement before the drain does not shorten it`() {
    var machine = DrainMachine()
    #expect(machine.pingAcknowledged() == .none)
    #expect(machine.begin() == .announceAndPing)
    #expect(machine.pingAcknowledged() == .goAway)
  }
}
