import NIOCore
import UserAPI

/// What a client makes of a whole response.
struct ClientTranscript {
  enum Outcome: Equatable {
    case succeeded
    case failed(UserAPIError)
  }

  private(set) var messages: [ByteBuffer] = []
  private(set) var outcome: Outcome = .succeeded

  init(contentType: ContentType, status: Int, pieces: [ByteBuffer], limit: Int = 1 << 20) {
    var machine = ClientCallMachine(maximumLength: limit)
    if let error = machine.receivedHead(status: status, contentType: contentType.rawValue) {
      self.outcome = .failed(error)
      return
    }
    var isDone = false
    for piece in pieces {
      switch machine.receivedData(piece) {
      case .messages(let messages):
        self.messages += messages
      case .end(let messages, let error):
        self.messages += messages
        if let error { self.outcome = .failed(error) }
        isDone = true
      case .fail(let error):
        self.outcome = .failed(error)
        isDone = true
      }
    }
    switch machine.closed(nil) {
    case .none: precondition(isDone, "the machine forgot to end the call")
    case .fail(let error):
      precondition(!isDone, "the machine ended the call twice")
      self.outcome = .failed(error)
    }
  }
}
