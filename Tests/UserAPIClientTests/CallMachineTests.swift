import NIOCore
import Testing
import UserAPI

@testable import UserAPIClient

@Suite struct CallMachineTests {
  private typealias Machine = CallMachine<String, String>

  private let ten = ByteBuffer(repeating: 0x20, count: 10)
  private let lost = UserAPIError(.connectionFailed, "lost")
  private let canceled = UserAPIError(.canceled, "canceled")

  /// A call whose stream is open.
  private func open(waiter: String? = nil) -> Machine {
    var machine = Machine()
    if let waiter { #expect(machine.next(waiter) == .wait(nil)) }
    #expect(machine.connected() == .open)
    #expect(machine.opened("stream") == .send)
    return machine
  }

  @Test func `a message goes to the one who waits, and its bytes back to the server`() {
    var machine = self.open(waiter: "a")
    machine.responseBegan()
    #expect(machine.received([], count: 7) == .none(refund: 7))
    #expect(machine.received([self.ten], count: 8) == .answer("a", .success(self.ten), refund: 8))
    #expect(machine.next("b") == .wait(nil))
    #expect(machine.ended([], count: 7, error: nil) == .answer("b", .success(nil), refund: 7))
    #expect(machine.closed(self.lost, neverReached: false) == .none(refund: 0))
    #expect(machine.next("c") == .answer("c", .success(nil), nil))
  }

  @Test func `bytes are withheld until somebody reads`() {
    var machine = self.open()
    #expect(machine.received([self.ten, self.ten], count: 40) == .none(refund: 0))
    #expect(
      machine.next("a") == .answer("a", .success(self.ten), .init("stream", 15)))
    #expect(
      machine.next("b") == .answer("b", .success(self.ten), .init("stream", 15)))
    // The beginning of the next message.
    #expect(machine.next("c") == .wait(.init("stream", 10)))
  }

  @Test func `what has come before the loss is read first`() {
    var machine = self.open()
    #expect(machine.received([self.ten], count: 20) == .none(refund: 0))
    #expect(machine.closed(self.lost, neverReached: false) == .none(refund: 20))
    #expect(machine.next("a") == .answer("a", .success(self.ten), nil))
    #expect(machine.next("b") == .answer("b", .failure(self.lost), nil))
    #expect(machine.next("c") == .answer("c", .failure(self.lost), nil))
  }

  @Test func `a call that never reached the server is tried again once`() {
    var machine = self.open(waiter: "a")
    #expect(machine.closed(self.lost, neverReached: true) == .retry(refund: 0))
    #expect(machine.connected() == .open)
    #expect(machine.opened("other") == .send)
    #expect(
      machine.closed(self.lost, neverReached: true)
        == .answer("a", .failure(self.lost), refund: 0))
  }

  @Test func `a call that finds no stream is tried again once`() {
    var machine = Machine()
    #expect(machine.connected() == .open)
    #expect(machine.closed(self.lost, neverReached: true) == .retry(refund: 0))
    #expect(machine.connected() == .open)
    #expect(machine.closed(self.lost, neverReached: true) == .none(refund: 0))
    #expect(machine.next("a") == .answer("a", .failure(self.lost), nil))
  }

  @Test func `once the response has begun nothing is tried again`() {
    var machine = self.open(waiter: "a")
    machine.responseBegan()
    #expect(
      machine.closed(self.lost, neverReached: true)
        == .answer("a", .failure(self.lost), refund: 0))
  }

  @Test func `a call that may have reached the server is not tried again`() {
    var machine = self.open(waiter: "a")
    #expect(
      machine.closed(self.lost, neverReached: false)
        == .answer("a", .failure(self.lost), refund: 0))
  }

  @Test func `giving up before there is a connection leaves nothing to open`() {
    var machine = Machine()
    #expect(machine.next("a") == .wait(nil))
    #expect(machine.abort(self.canceled, resetsStream: false) == .withdraw("a"))
    #expect(machine.connected() == .drop)
    #expect(machine.abort(self.canceled, resetsStream: false) == .none)
  }

  @Test func `giving up while the stream is opened resets it`() {
    var machine = Machine()
    #expect(machine.connected() == .open)
    #expect(machine.abort(self.canceled, resetsStream: false) == .withdraw(nil))
    #expect(machine.opened("stream") == .reset)
    #expect(machine.closed(self.lost, neverReached: false) == .none(refund: 0))
    #expect(machine.next("a") == .answer("a", .failure(self.canceled), nil))
  }

  @Test func `giving up resets the stream, and what still comes is dropped`() {
    var machine = self.open()
    #expect(machine.received([self.ten], count: 15) == .none(refund: 0))
    #expect(
      machine.abort(self.canceled, resetsStream: false) == .reset("stream", nil, refund: 15))
    #expect(machine.received([self.ten], count: 15) == .none(refund: 15))
    #expect(machine.ended([], count: 7, error: nil) == .none(refund: 7))
    #expect(machine.next("a") == .answer("a", .failure(self.canceled), nil))
  }

  @Test func `giving up a whole response changes nothing`() {
    var machine = self.open()
    #expect(machine.ended([self.ten], count: 22, error: nil) == .none(refund: 22))
    #expect(machine.abort(self.canceled, resetsStream: false) == .none)
    #expect(machine.next("a") == .answer("a", .success(self.ten), nil))
    #expect(machine.next("b") == .answer("b", .success(nil), nil))
  }

  @Test func `a stream that outlives its response is reset when the time is over`() {
    var machine = self.open()
    #expect(machine.ended([self.ten], count: 22, error: nil) == .none(refund: 22))
    #expect(
      machine.abort(self.canceled, resetsStream: true) == .reset("stream", nil, refund: 0))
    #expect(machine.abort(self.canceled, resetsStream: true) == .none)
    #expect(machine.next("a") == .answer("a", .success(self.ten), nil))
  }
}
