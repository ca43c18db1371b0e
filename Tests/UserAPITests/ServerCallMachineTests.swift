import NIOCore
import Testing
import UserAPI

@Suite struct ServerCallMachineTests {
  private func machine(
    _ contentType: ContentType = .userAPI, allowsEmpty: Bool = false, discardLimit: Int = 10
  ) -> ServerCallMachine {
    ServerCallMachine(
      body: RequestBody(contentType: contentType, limit: 64, allowsEmpty: allowsEmpty),
      discardLimit: discardLimit)
  }

  private func reason(_ action: ServerCallMachine.OnData) -> ErrorReason? {
    guard case .fail(let error) = action else { return nil }
    return error.reason
  }

  private func reason(_ action: ServerCallMachine.OnEnd) -> ErrorReason? {
    guard case .fail(let error) = action else { return nil }
    return error.reason
  }

  private let bytes = ByteBuffer.envelope(#"{"a":1}"#)
  private let part = ByteBuffer(bytes: [0, 0])

  @Test func `a call runs when its request has ended and is answered once`() {
    var machine = self.machine()
    #expect(machine.receivedData(self.bytes) == .none)
    #expect(machine.receivedEnd() == .run(ByteBuffer(string: #"{"a":1}"#)))
    #expect(machine.answer() == .send)
    #expect(machine.closed() == .none)
  }

  @Test func `the bytes of a request may come in any pieces`() {
    for pieces in self.bytes.splits {
      var machine = self.machine()
      for piece in pieces {
        #expect(machine.receivedData(piece) == .none)
      }
      #expect(machine.receivedEnd() == .run(ByteBuffer(string: #"{"a":1}"#)))
    }
  }

  @Test func `a request without a body runs where there is no input`() {
    var machine = self.machine(allowsEmpty: true)
    #expect(machine.receivedEnd() == .run(ByteBuffer(string: "{}")))
    #expect(machine.answer() == .send)
  }

  @Test func `a request that ends too early is answered with an error`() {
    var machine = self.machine()
    #expect(machine.receivedData(self.part) == .none)
    #expect(self.reason(machine.receivedEnd()) == .invalidEnvelope)
    #expect(machine.answer() == .send)
    #expect(machine.closed() == .none)
  }

  @Test func `a body that is refused is answered while the rest is dropped`() {
    var machine = self.machine()
    #expect(
      self.reason(machine.receivedData(ByteBuffer(bytes: [0, 0, 0, 0, 65]))) == .messageTooLarge)
    #expect(machine.answer() == .send)
    #expect(machine.receivedData(ByteBuffer(repeating: 1, count: 10)) == .none)
    #expect(machine.receivedEnd() == .none)
    #expect(machine.closed() == .none)
  }

  @Test func `an early answer leaves the stream open until the request ends`() {
    var machine = self.machine()
    #expect(machine.receivedData(self.part) == .none)
    #expect(machine.answer() == .send)
    #expect(machine.receivedData(ByteBuffer(repeating: 0xFF, count: 4)) == .none)
    #expect(machine.receivedData(ByteBuffer(repeating: 0xFF, count: 6)) == .none)
    #expect(machine.receivedEnd() == .none)
    #expect(machine.closed() == .none)
  }

  @Test func `what goes on past the bound is reset once`() {
    var machine = self.machine()
    #expect(machine.answer() == .send)
    #expect(machine.receivedData(ByteBuffer(repeating: 0, count: 10)) == .none)
    #expect(machine.receivedData(ByteBuffer()) == .none)
    #expect(machine.receivedData(ByteBuffer(repeating: 0, count: 1)) == .reset)
    #expect(machine.receivedData(self.bytes) == .none)
    #expect(machine.receivedEnd() == .none)
    #expect(machine.closed() == .none)
  }

  @Test func `one piece over the bound is enough to be reset`() {
    var machine = self.machine()
    #expect(machine.answer() == .send)
    #expect(machine.receivedData(ByteBuffer(repeating: 0, count: 11)) == .reset)
  }

  @Test func `with a bound of nothing the first byte is reset`() {
    var machine = self.machine(discardLimit: 0)
    #expect(machine.answer() == .send)
    #expect(machine.receivedData(ByteBuffer(repeating: 0, count: 1)) == .reset)
  }

  @Test func `of two answers the first is sent, whenever they come`() {
    var early = self.machine()
    #expect(early.answer() == .send)
    #expect(early.answer() == .drop)
    #expect(early.receivedEnd() == .none)
    #expect(early.answer() == .drop)

    var late = self.machine(allowsEmpty: true)
    #expect(late.receivedEnd() == .run(ByteBuffer(string: "{}")))
    #expect(late.answer() == .send)
    #expect(late.answer() == .drop)
    #expect(late.closed() == .none)
    #expect(late.answer() == .drop)
  }

  @Test func `a caller who goes while the procedure runs cancels it`() {
    var machine = self.machine()
    #expect(machine.receivedData(self.bytes) == .none)
    #expect(machine.receivedEnd() == .run(ByteBuffer(string: #"{"a":1}"#)))
    #expect(machine.closed() == .cancel)
    #expect(machine.answer() == .drop)
    #expect(machine.closed() == .none)
  }

  @Test func `a caller who goes while the request arrives cancels what was begun`() {
    var machine = self.machine()
    #expect(machine.receivedData(self.part) == .none)
    #expect(machine.closed() == .cancel)
    #expect(machine.answer() == .drop)
    #expect(machine.receivedData(self.part) == .none)
    #expect(machine.receivedEnd() == .none)
  }

  @Test func `a caller who goes after an early answer cancels nothing`() {
    var machine = self.machine()
    #expect(machine.answer() == .send)
    #expect(machine.closed() == .none)
    #expect(machine.receivedData(self.bytes) == .none)
  }

  @Test func `a deadline that passes when the request has just ended wins over the procedure`() {
    var machine = self.machine(allowsEmpty: true)
    #expect(machine.receivedEnd() == .run(ByteBuffer(string: "{}")))
    #expect(machine.answer() == .send)
    #expect(machine.answer() == .drop)
    #expect(machine.closed() == .none)
  }

  @Test func `messages come before the answer, and none behind it`() {
    var machine = self.machine(allowsEmpty: true)
    _ = machine.receivedEnd()
    #expect(machine.message() == .send)
    #expect(machine.message() == .send)
    #expect(machine.answer() == .send)
    #expect(machine.message() == .drop)
    #expect(machine.answer() == .drop)
  }

  @Test func `a message for a stream that is gone is dropped`() {
    var machine = self.machine(allowsEmpty: true)
    _ = machine.receivedEnd()
    #expect(machine.closed() == .cancel)
    #expect(machine.message() == .drop)
  }
}
