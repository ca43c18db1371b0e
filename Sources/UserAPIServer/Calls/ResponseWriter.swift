internal import AuthService
internal import NIOCore
internal import UserAPI

/// A call, for the procedure that answers it from wherever it runs.
struct ResponseWriter: Sendable {
  private let call: NIOLoopBound<ServerCall>
  private let eventLoop: any EventLoop

  init(_ call: ServerCall, _ eventLoop: any EventLoop) {
    self.call = NIOLoopBound(call, eventLoop: eventLoop)
    self.eventLoop = eventLoop
  }

  /// Sends a message and waits until the next may come: until the peer has read enough, or is
  /// gone.
  func send(_ message: ByteBuffer) async {
    let isOnEventLoop = self.eventLoop.inEventLoop
    if isOnEventLoop, self.call.value.send(message) { return }
    await withCheckedContinuation { continuation in
      self.onEventLoop { call in
        if !isOnEventLoop { _ = call.send(message) }
        call.whenWritable(continuation)
      }
    }
  }

  func procedureEnded(_ error: UserAPIError?) {
    self.onEventLoop { $0.procedureEnded(error) }
  }

  func authenticated(_ result: Result<Caller, UserAPIError>) {
    self.onEventLoop { $0.authenticated(result) }
  }

  private func onEventLoop(_ body: @escaping @Sendable (ServerCall) -> Void) {
    if self.eventLoop.inEventLoop {
      body(self.call.value)
    } else {
      self.eventLoop.execute { body(self.call.value) }
    }
  }
}
