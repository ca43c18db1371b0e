import NIOCore
import Testing
import UserAPI

@Suite struct ClientCallMachineTests {
  private let end = ByteBuffer.envelope("{}", flags: 2)
  private let message = ByteBuffer.envelope(#"{"a":1}"#)
  private let payload = ByteBuffer(string: #"{"a":1}"#)
  private let lost = UserAPIError(.connectionFailed, "the connection was lost")

  private func machine(
    status: Int = 200, limit: Int = 1 << 10
  ) -> ClientCallMachine {
    var machine = ClientCallMachine(maximumLength: limit)
    #expect(machine.receivedHead(status: status, contentType: "application/user-api+json") == nil)
    return machine
  }

  private func reason(_ action: ClientCallMachine.OnData) -> ErrorReason? {
    guard case .fail(let error) = action else { return nil }
    return error.reason
  }

  private func reason(_ action: ClientCallMachine.OnClosed) -> ErrorReason? {
    guard case .fail(let error) = action else { return nil }
    return error.reason
  }

  @Test func `a message and an end are a success`() {
    var machine = self.machine()
    #expect(machine.receivedData(self.message) == .messages([self.payload]))
    #expect(machine.receivedData(self.end) == .end([], nil))
    #expect(machine.closed(nil) == .none)
  }

  @Test func `everything in one piece is a success`() {
    var machine = self.machine()
    #expect(
      machine.receivedData(self.message + self.message + self.end)
        == .end([self.payload, self.payload], nil))
    #expect(machine.closed(nil) == .none)
  }

  @Test func `a response is read the same however it is split`() {
    for pieces in (self.message + self.message + self.end).splits {
      let transcript = ClientTranscript(contentType: .userAPI, status: 200, pieces: pieces)
      #expect(transcript.messages == [self.payload, self.payload])
      #expect(transcript.outcome == .succeeded)
    }
  }

  @Test func `every shorter response is incomplete`() throws {
    let bytes = self.message + self.end
    for count in 0..<bytes.readableBytes {
      let prefix = try #require(bytes.getSlice(at: 0, length: count))
      for pieces in prefix.splits {
        let transcript = ClientTranscript(contentType: .userAPI, status: 200, pieces: pieces)
        guard case .failed(let error) = transcript.outcome else {
          Issue.record("\(count) bytes were taken for a response")
          continue
        }
        #expect(error.reason == .invalidResponse)
        #expect(error.code == .internal)
      }
    }
  }

  @Test(arguments: [200, 401, 404, 500, 503, 599])
  func `the end envelope decides, whatever the status`(status: Int) {
    var machine = self.machine(status: status)
    #expect(machine.receivedData(self.end) == .end([], nil))

    var failing = self.machine(status: status)
    let error = UserAPIError(.sessionNotFound, "no")
    let body = ResponseEncoder(contentType: .userAPI).end(error)
    #expect(failing.receivedData(body) == .end([], error))
  }

  @Test(arguments: [#"{}"#, #"{"error":null}"#, #"{"metadata":{"x":["y"]}}"#])
  func `an end without an error is a success`(json: String) {
    var machine = self.machine()
    #expect(machine.receivedData(.envelope(json, flags: 2)) == .end([], nil))
  }

  @Test(arguments: [
    "", "null", "[]", "{", #"{"error":1}"#, #"{"error":"x"}"#, #"{"error":[]}"#, #"{"error":true}"#,
  ])
  func `an end that makes no sense is no answer`(json: String) {
    var machine = self.machine()
    #expect(self.reason(machine.receivedData(.envelope(json, flags: 2))) == .invalidResponse)
    #expect(machine.closed(nil) == .none)
  }

  @Test(arguments: [UInt8(0x01), 0x03, 0x04, 0x80, 0xFF])
  func `compressed envelopes and reserved flags are no answer`(flags: UInt8) {
    var machine = self.machine()
    #expect(self.reason(machine.receivedData(.envelope("{}", flags: flags))) == .invalidResponse)
    #expect(machine.receivedData(self.end) == .messages([]))
    #expect(machine.closed(self.lost) == .none)
  }

  @Test func `a message over the limit fails with its header alone`() {
    var machine = self.machine(limit: 6)
    #expect(
      self.reason(machine.receivedData(ByteBuffer(bytes: [0, 0, 0, 0, 7]))) == .invalidResponse)
  }

  @Test(arguments: [
    (502, ErrorReason.connectionFailed), (503, .connectionFailed), (504, .connectionFailed),
    (200, .invalidResponse), (404, .invalidResponse), (500, .invalidResponse),
    (301, .invalidResponse),
  ])
  func `an answer in another content type is somebody else's`(status: Int, reason: ErrorReason) {
    for contentType in ["text/html", "application/json", "", nil] {
      var machine = ClientCallMachine(maximumLength: 64)
      let error = machine.receivedHead(status: status, contentType: contentType)
      #expect(error?.reason == reason)
      #expect(machine.receivedData(ByteBuffer(string: "<html>")) == .messages([]))
      #expect(machine.closed(nil) == .none)
    }
  }

  @Test func `an informational response is not the answer`() {
    var machine = ClientCallMachine(maximumLength: 64)
    #expect(machine.receivedHead(status: 100, contentType: nil) == nil)
    #expect(machine.receivedHead(status: 103, contentType: nil) == nil)
    #expect(machine.receivedHead(status: 200, contentType: "application/user-api+json") == nil)
    #expect(machine.receivedData(self.end) == .end([], nil))

    var waiting = ClientCallMachine(maximumLength: 64)
    #expect(waiting.receivedHead(status: 103, contentType: nil) == nil)
    #expect(waiting.closed(self.lost) == .fail(self.lost))
  }

  @Test(arguments: [0, 99])
  func `a status under 100 is somebody else's answer`(status: Int) {
    var machine = ClientCallMachine(maximumLength: 64)
    #expect(machine.receivedHead(status: status, contentType: nil)?.reason == .invalidResponse)
    #expect(machine.receivedData(self.end) == .messages([]))
    #expect(machine.closed(nil) == .none)
  }

  @Test func `a stream lost before, in or after the response fails unless the end had come`() {
    var waiting = ClientCallMachine(maximumLength: 64)
    #expect(waiting.closed(self.lost) == .fail(self.lost))
    #expect(waiting.closed(self.lost) == .none)

    var receiving = self.machine()
    #expect(receiving.receivedData(self.message) == .messages([self.payload]))
    #expect(receiving.closed(self.lost) == .fail(self.lost))

    var ended = self.machine()
    #expect(ended.receivedData(self.message + self.end) == .end([self.payload], nil))
    #expect(ended.closed(self.lost) == .none)
  }

  @Test func `a stream that ends without a response is incomplete`() {
    var machine = ClientCallMachine(maximumLength: 64)
    #expect(self.reason(machine.closed(nil)) == .invalidResponse)
  }

  @Test func `what comes after the end is ignored`() {
    var machine = self.machine()
    #expect(machine.receivedData(self.end + self.message) == .end([], nil))
    #expect(machine.receivedData(self.message) == .messages([]))
    #expect(machine.receivedHead(status: 200, contentType: nil) == nil)
    #expect(machine.closed(nil) == .none)
  }

  @Test func `trailers change nothing`() {
    var machine = self.machine()
    #expect(machine.receivedHead(status: 0, contentType: nil) == nil)
    #expect(machine.receivedData(self.end) == .end([], nil))
  }

  @Test func `a response given up by the client is over`() {
    var machine = self.machine()
    #expect(machine.closed(self.lost) == .fail(self.lost))
    #expect(machine.receivedData(self.message) == .messages([]))
    #expect(machine.receivedHead(status: 200, contentType: nil) == nil)
  }
}
