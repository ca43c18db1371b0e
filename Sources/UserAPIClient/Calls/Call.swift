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
    /// The body: one envelope.
    var body: ByteBuffer
    var timeout: Duration
    var maxResponseMessageBytes: Int
  }

  private let request: Request
  private let connections: Connections
  private let clock: any CallClock
  private let deadline: ContinuousClock.Instant
  private let machine = Locked(CallMachine<Continuation, StreamHandle>())
  private let timer: NIOLoopBoundBox<(any CallTimer)?>

  /// The longest time limit that `connect-timeout-ms` can say with its ten digits.
  private static let longestTimeout = Duration.milliseconds(9_999_999_999)

  init(_ request: Request, connections: Connections, clock: any CallClock) {
    var request = request
    request.timeout = min(max(request.timeout, .zero), Self.longestTimeout)
    self.request = request
    self.connections = connections
    self.clock = clock
    self.deadline = clock.now + request.timeout
    self.timer = NIOLoopBoundBox.makeEmptyBox(eventLoop: connections.eventLoop)
  }

  var maxResponseMessageBytes: Int { self.request.maxResponseMessageBytes }

  // MARK: The caller

  /// Sends the request; the answer is in ``next()``.
  func start() {
    self.connections.eventLoop.run {
      self.timer.value = self.clock.schedule(
        after: self.request.timeout, on: self.connections.eventLoop
      ) {
        self.abort(Self.expired, resetsStream: true)
      }
      self.connections.start(self)
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
    let left = max((self.deadline - self.clock.now).wholeMilliseconds, 1)
    var headers: Headers = [
      ":method": "POST",
      ":scheme": self.request.scheme,
      ":authority": self.request.authority,
      ":path": self.request.path,
      "content-type": ContentType.userAPI.rawValue,
      "user-agent": "user-api-swift",
      "connect-timeout-ms": String(left),
    ]
    if let authorization = self.request.authorization {
      headers.append("authorization", authorization)
    }
    return headers
  }

  // MARK: The stream

  func responseBegan() {
    self.machine.withLock { $0.responseBegan() }
  }

  /// - Returns: How many bytes the server may send again.
  func received(_ messages: [ByteBuffer], count: Int) -> Int {
    self.run(self.machine.withLock { $0.received(messages, count: count) })
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
  private static let expired = UserAPIError(
    .deadlineExceeded, "the call did not end within its time")
}
