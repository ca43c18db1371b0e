import Testing

@testable import UserAPIClient

@Suite struct ConnectionMachineTests {
  private struct Call: Identifiable, Equatable, ExpressibleByStringLiteral {
    let id: String
    init(stringLiteral id: String) { self.id = id }
  }

  private typealias Machine = ConnectionMachine<String, Call, String>

  @Test func `the first call connects, the others wait, and all are opened`() {
    var machine = Machine()
    #expect(machine.call("a") == .connect)
    #expect(machine.call("b") == .wait)
    #expect(machine.connected("one") == .open(["a", "b"]))
    #expect(machine.call("c") == .open("one"))
  }

  @Test func `a failed attempt fails its calls, and the next call tries again`() {
    var machine = Machine()
    #expect(machine.call("a") == .connect)
    #expect(machine.call("b") == .wait)
    #expect(machine.connectFailed() == .fail(["a", "b"], finished: []))
    #expect(machine.call("c") == .connect)
  }

  @Test func `a call that gives up is not opened`() {
    var machine = Machine()
    #expect(machine.call("a") == .connect)
    #expect(machine.call("b") == .wait)
    machine.withdraw("a")
    #expect(machine.connected("one") == .open(["b"]))
    machine.withdraw("b")
    #expect(machine.call("c") == .open("one"))
  }

  @Test func `after a loss the next call connects again`() {
    var machine = Machine()
    #expect(machine.call("a") == .connect)
    #expect(machine.connected("one") == .open(["a"]))
    #expect(machine.connectionClosed("one") == .none)
    #expect(machine.call("b") == .connect)
    #expect(machine.connected("two") == .open(["b"]))
  }

  @Test func `a connection that goes away takes no calls and does not disturb the next`() {
    var machine = Machine()
    #expect(machine.call("a") == .connect)
    #expect(machine.connected("one") == .open(["a"]))
    machine.goingAway("one")
    machine.goingAway("one")
    #expect(machine.call("b") == .connect)
    machine.goingAway("one")
    #expect(machine.connected("two") == .open(["b"]))
    machine.goingAway("one")
    #expect(machine.connectionClosed("one") == .none)
    #expect(machine.call("c") == .open("two"))
  }

  @Test func `closing drains what there is and ends with the last connection`() {
    var machine = Machine()
    #expect(machine.call("a") == .connect)
    #expect(machine.connected("one") == .open(["a"]))
    machine.goingAway("one")
    #expect(machine.call("b") == .connect)
    #expect(machine.connected("two") == .open(["b"]))
    #expect(machine.close("first") == .drain(["one", "two"]))
    #expect(machine.close("second") == .wait)
    #expect(machine.call("c") == .refuse)
    #expect(machine.connectionClosed("two") == .none)
    #expect(machine.connectionClosed("one") == .finish(["first", "second"]))
    #expect(machine.close("third") == .finish("third"))
    #expect(machine.call("d") == .refuse)
  }

  @Test func `closing while connecting lets the calls have the connection`() {
    var machine = Machine()
    #expect(machine.call("a") == .connect)
    #expect(machine.call("b") == .wait)
    #expect(machine.close("first") == .drain([]))
    machine.withdraw("a")
    #expect(machine.connected("one") == .openAndDrain(["b"]))
    #expect(machine.connectionClosed("one") == .finish(["first"]))
  }

  @Test func `closing while connecting ends with a failed attempt`() {
    var machine = Machine()
    #expect(machine.call("a") == .connect)
    #expect(machine.close("first") == .drain([]))
    #expect(machine.connectFailed() == .fail(["a"], finished: ["first"]))
    #expect(machine.call("b") == .refuse)
  }

  @Test func `closing an unused client ends at once`() {
    var machine = Machine()
    #expect(machine.close("first") == .finish("first"))
  }

  @Test func `an owner that goes away gets every connection`() {
    var machine = Machine()
    #expect(machine.call("a") == .connect)
    #expect(machine.connected("one") == .open(["a"]))
    machine.goingAway("one")
    #expect(machine.call("b") == .connect)
    #expect(machine.connected("two") == .open(["b"]))
    #expect(machine.abandon() == ["one", "two"])
  }
}
