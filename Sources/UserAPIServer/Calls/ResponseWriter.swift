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

  func procedureEnded(_ result: Result<ByteBuffer, UserAPIError>) {
    self.onEventLoop { $0.procedureEnded(result) }
  }

  /// Sends one message of many, and returns when the peer has room for the next.
  ///
  /// - Throws: `canceled` when the call is over.
  func send(_ message: ByteBuffer) async throws(UserAPIError) {
    let mayGoOn = await withCheckedContinuation { producer in
      self.onEventLoop { $0.send(message, of: producer) }
    }
    guard mayGoOn else { throw UserAPIError.canceled }
  }

  /// The messages of a stream are there to be read.
  func streamBegan(_ messages: ReadyMessages<ByteBuffer>) {
    self.onEventLoop { $0.streamBegan(messages) }
  }

  /// The call may go on, unless who calls may not have it any more.
  func checked(
    _ result: Result<Identity, UserAPIError>, isStrict: Bool,
    _ goOn: @escaping @Sendable (ServerCall) -> Void
  ) {
    self.onEventLoop { $0.checked(result, isStrict: isStrict, goOn) }
  }

  func streamEnded(_ error: UserAPIError?) {
    self.onEventLoop { $0.streamEnded(error) }
  }

  func identified(_ result: Result<Identity, UserAPIError>) {
    self.onEventLoop { $0.identified(result) }
  }

  private func onEventLoop(_ body: @escaping @Sendable (ServerCall) -> Void) {
    if self.eventLoop.inEventLoop {
      body(self.call.value)
    } else {
      self.eventLoop.execute { body(self.call.value) }
    }
  }
}
