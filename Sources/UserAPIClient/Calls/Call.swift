internal import HTTP2
internal import NIOCore
internal import UserAPI

/// One call: a request, and a response of any number of messages. Decided by ``CallMachine``.
///
/// Everything a client does is built on this; a unary procedure takes exactly one message.
final class Call: Sendable, Identifiable {
  private typealias Continuation = CheckedContinuation<Result<ByteBuffer?, UserAPIError>, Never>

  /// What a call is made of.
  struct Request: Sendable {
    var scheme: String
    var authority: String
    var path: String
    var authorization: String?
    var actAs: ActAs?
    /// The body: one envelope.
    var body: ByteBuffer
    var patience: Patience
    var maxResponseMessageBytes: Int
  }

  /// How long a call is waited for.
  enum Patience: Sendable {
    /// From its beginning to its end, which the server is told.
    case whole(Duration)
    /// From anything that comes of the response to whatever comes next.
    case silence(Duration)
  }

  private let request: Request
  private let connections: Connections
  private let clock: any CallClock
  /// Nil for a call that may go on for as long as it likes.
  private let deadline: ContinuousClock.Instant?
  private let machine = Locked(CallMachine<Continuation, StreamHandle>())
  private let timer: NIOLoopBoundBox<(any CallTimer)?>
  /// When something of the response has come.
  private let lastHeard: NIOLoopBoundBox<ContinuousClock.Instant?>

  /// The longest time limit that `connect-timeout-ms` can say with its ten digits.
  private static let longestTimeout = Duration.milliseconds(9_999_999_999)

  init(_ request: Request, connections: Connections, clock: any CallClock) {
    var request = request
    self.connections = connections
    self.clock = clock
    switch request.patience {
    case .whole(let timeout):
      let timeout = min(max(timeout, .zero), Self.longestTimeout)
      request.patience = .whole(timeout)
      self.deadline = clock.now + timeout
    case .silence:
      self.deadline = nil
    }
    self.request = request
    self.timer = NIOLoopBoundBox.makeEmptyBox(eventLoop: connections.eventLoop)
    self.lastHeard = NIOLoopBoundBox.makeEmptyBox(eventLoop: connections.eventLoop)
  }

  var maxResponseMessageBytes: Int { self.request.maxResponseMessageBytes }

  // MARK: The caller

  /// Sends the request; the answer is in ``next()``.
  func start() {
    self.connections.eventLoop.run {
      switch self.request.patience {
      case .whole(let timeout):
        self.timer.value = self.clock.schedule(after: timeout, on: self.connections.eventLoop) {
          self.abort(Self.expired, resetsStream: true)
        }
      case .silence(let silence):
        self.lastHeard.value = self.clock.now
        self.awaitSound(silence, after: silence)
      }
      self.connections.start(self)
    }
  }

  /// Gives the call up unless something is heard of it.
  ///
  /// - Parameter time: When to see to it.
  private func awaitSound(_ silence: Duration, after time: Duration) {
    self.timer.value = self.clock.schedule(after: time, on: self.connections.eventLoop) {
      let left = silence - (self.lastHeard.value ?? self.clock.now).duration(to: self.clock.now)
      if left > .zero {
        self.awaitSound(silence, after: left)
      } else {
        self.abort(Self.silent, resetsStream: true)
      }
    }
  }

  /// The next message of the response, nil after the last.
  ///
  /// - Throws: The error that the response ended with, or that kept it from coming; `CANCELED`
  ///   when the task is cancelled.
  func next() async throws(UserAPIError) -> ByteBuffer? {
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: Continuation) in
        switch self.machine.withLock({ $0.next(continuation) }) {
        case .answer(let waiter, let answer, let refund):
          if let refund { refund.stream.consume(refund.count) }
          waiter.resume(returning: answer)
        case .wait(let refund):
          if let refund { refund.stream.consume(refund.count) }
        }
      }
    } onCancel: {
      self.giveUp()
    }
    return try answer.get()
  }

  /// Stops the call if it is not over. Whoever stops to read before the end must call this.
  func giveUp() {
    self.abort(Self.canceled, resetsStream: false)
  }

  private func abort(_ error: UserAPIError, resetsStream: Bool) {
    switch self.machine.withLock({ $0.abort(error, resetsStream: resetsStream) }) {
    case .none:
      break
    case .withdraw(let waiter):
      self.connections.withdraw(self)
      self.stopTimer()
      waiter?.resume(returning: .failure(error))
    case .reset(let stream, let waiter, let refund):
      stream.reset(consuming: refund)
      waiter?.resume(returning: .failure(error))
    }
  }

  private func stopTimer() {
    self.connections.eventLoop.run {
      self.timer.value?.cancel()
      self.timer.value = nil
    }
  }

  // MARK: The connection

  /// - Returns: The headers to open a stream with; nil when the call is over.
  func connected() -> Headers? {
    switch self.machine.withLock({ $0.connected() }) {
    case .open: self.headers
    case .drop: nil
    }
  }

  /// - Returns: The body to send; nil when the call is over.
  func opened(_ stream: StreamHandle) -> ByteBuffer? {
    switch self.machine.withLock({ $0.opened(stream) }) {
    case .send: self.request.body
    case .reset: nil
    }
  }

  private var headers: Headers {
    var headers: Headers = [
      ":method": "POST",
      ":scheme": self.request.scheme,
      ":authority": self.request.authority,
      ":path": self.request.path,
      "content-type": ContentType.userAPI.rawValue,
      "user-agent": "user-api-swift",
    ]
    if let deadline {
      let left = max((deadline - self.clock.now).wholeMilliseconds, 1)
      headers.append("connect-timeout-ms", String(left))
    }
    if let authorization = self.request.authorization {
      headers.append("authorization", authorization)
    }
    if let actAs = self.request.actAs {
      headers.append("user-api-act-as", actAs.user)
    }
    return headers
  }

  // MARK: The stream

  func responseBegan() {
    self.machine.withLock { $0.responseBegan() }
  }

  /// - Returns: How many bytes the server may send again.
  func received(_ messages: [ByteBuffer], count: Int) -> Int {
    self.lastHeard.value = self.clock.now
    return self.run(self.machine.withLock { $0.received(messages, count: count) })
  }

  /// - Returns: How many bytes the server may send again.
  func ended(_ messages: [ByteBuffer], count: Int, error: UserAPIError?) -> Int {
    self.run(self.machine.withLock { $0.ended(messages, count: count, error: error) })
  }

  private func run(_ action: CallMachine<Continuation, StreamHandle>.OnReceived) -> Int {
    switch action {
    case .answer(let waiter, let answer, let refund):
      waiter.resume(returning: answer)
      return refund
    case .none(let refund):
      return refund
    }
  }

  /// The stream is gone, or there never was one: tries again or tells the caller.
  ///
  /// - Returns: How many bytes the server may send again, on the connection.
  @discardableResult
  func closed(_ error: UserAPIError, neverReached: Bool) -> Int {
    switch self.machine.withLock({ $0.closed(error, neverReached: neverReached) }) {
    case .retry(let refund):
      self.connections.start(self)
      return refund
    case .answer(let waiter, let answer, let refund):
      self.stopTimer()
      waiter.resume(returning: answer)
      return refund
    case .none(let refund):
      self.stopTimer()
      return refund
    }
  }

  static let canceled = UserAPIError(.canceled, "the call was canceled")
  private static let silent = UserAPIError(
    .connectionFailed, "nothing was heard of the server for too long")
  private static let expired = UserAPIError(
    .deadlineExceeded, "the call did not end within its time")
}
