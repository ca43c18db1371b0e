internal import NIOCore
internal import UserAPI

/// One call between its caller, who takes messages one at a time, and its stream, which brings
/// them: who gets what when, how many bytes the server may send again, and whether a failure is
/// tried again or told.
///
/// Bytes are given back to the server only as the caller asks for more, so that one who does not
/// read holds at most the stream's window.
struct CallMachine<Waiter, Stream>: ~Copyable {
  /// A message, nil after the last, or what went wrong.
  typealias Answer = Result<ByteBuffer?, UserAPIError>

  /// A call that waits for a connection.
  private struct Waiting {
    var waiter: Waiter?
    var mayRetry = true
  }

  /// A call whose response comes.
  private struct Open {
    let stream: Stream
    /// The caller, if it waits; then there are no messages.
    var waiter: Waiter?
    var mayRetry: Bool
    var messages = CircularBuffer<ByteBuffer>()
    /// Bytes of body that the server may not send again yet.
    var withheld = 0

    /// The next message, and how many of the withheld bytes leave with it: its own and its
    /// envelope's header.
    mutating func takeNext() -> (message: ByteBuffer, refund: Int)? {
      guard let message = self.messages.popFirst() else { return nil }
      let refund = min(self.withheld, message.readableBytes + Envelope.headerSize)
      self.withheld -= refund
      return (message, refund)
    }

    mutating func takeAllBytes() -> Int {
      defer { self.withheld = 0 }
      return self.withheld
    }
  }

  /// A call whose outcome is known.
  private struct Ended {
    /// The stream, if the server has not ended it although it has said all it had to say.
    var stream: Stream?
    var messages = CircularBuffer<ByteBuffer>()
    let error: UserAPIError?

    /// What is left, and then the outcome.
    mutating func takeNext() -> Answer {
      if let message = self.messages.popFirst() { return .success(message) }
      if let error { return .failure(error) }
      return .success(nil)
    }
  }

  private enum State: ~Copyable {
    case waiting(Waiting)
    case open(Open)
    case ended(Ended)
  }

  enum OnNext { case answer(Waiter, Answer, Refund?), wait(Refund?) }
  enum OnConnected { case open, drop }
  enum OnOpened { case send, reset }
  enum OnReceived { case answer(Waiter, Answer, refund: Int), none(refund: Int) }
  enum OnClosed { case retry(refund: Int), answer(Waiter, Answer, refund: Int), none(refund: Int) }
  enum OnAbort { case none, withdraw(Waiter?), reset(Stream, Waiter?, refund: Int) }

  /// Bytes that the server may send again.
  struct Refund {
    var stream: Stream
    var count: Int

    /// Nil when there is nothing to give.
    init?(_ stream: Stream, _ count: Int) {
      guard count > 0 else { return nil }
      self.stream = stream
      self.count = count
    }
  }

  private var state: State

  init() {
    self.init(.waiting(Waiting()))
  }

  private init(_ state: consuming State) {
    self.state = state
  }

  // MARK: The caller

  /// The caller wants the next message.
  mutating func next(_ waiter: Waiter) -> OnNext {
    switch consume self.state {
    case .waiting(var call):
      precondition(call.waiter == nil, "a response has one reader")
      call.waiter = waiter
      self = Self(.waiting(call))
      return .wait(nil)
    case .open(var call):
      precondition(call.waiter == nil, "a response has one reader")
      if let (message, refund) = call.takeNext() {
        self = Self(.open(call))
        return .answer(waiter, .success(message), Refund(call.stream, refund))
      }
      call.waiter = waiter
      let refund = call.takeAllBytes()
      self = Self(.open(call))
      return .wait(Refund(call.stream, refund))
    case .ended(var call):
      let answer = call.takeNext()
      self = Self(.ended(call))
      return .answer(waiter, answer, nil)
    }
  }

  /// The caller gives up, or the time is over. A response that has come whole is not touched.
  ///
  /// - Parameter resetsStream: Whether to reset a stream, too, that the server does not end
  ///   although it has said all it had to say.
  mutating func abort(_ error: UserAPIError, resetsStream: Bool) -> OnAbort {
    switch consume self.state {
    case .waiting(let call):
      self = Self(.ended(Ended(error: error)))
      return .withdraw(call.waiter)
    case .open(let call):
      self = Self(.ended(Ended(error: error)))
      return .reset(call.stream, call.waiter, refund: call.withheld)
    case .ended(var call):
      guard resetsStream, let stream = call.stream else {
        self = Self(.ended(call))
        return .none
      }
      call.stream = nil
      self = Self(.ended(call))
      return .reset(stream, nil, refund: 0)
    }
  }

  // MARK: The connection

  /// There is a connection to open the stream on.
  mutating func connected() -> OnConnected {
    switch consume self.state {
    case .waiting(let call):
      self = Self(.waiting(call))
      return .open
    case .open:
      preconditionFailure("a call has one stream")
    case .ended(let call):
      self = Self(.ended(call))
      return .drop
    }
  }

  /// The stream is open, and nothing was sent on it but the headers.
  mutating func opened(_ stream: Stream) -> OnOpened {
    switch consume self.state {
    case .waiting(let call):
      self = Self(
        .open(Open(stream: stream, waiter: call.waiter, mayRetry: call.mayRetry)))
      return .send
    case .open:
      preconditionFailure("a call has one stream")
    case .ended(let call):
      self = Self(.ended(call))
      return .reset
    }
  }

  // MARK: The stream

  /// The response's headers have come: from here on nothing is tried again.
  mutating func responseBegan() {
    switch consume self.state {
    case .waiting:
      preconditionFailure("a response without a stream")
    case .open(var call):
      call.mayRetry = false
      self = Self(.open(call))
    case .ended(let call):
      self = Self(.ended(call))
    }
  }

  /// `count` bytes have come, and with them the rest of these messages.
  mutating func received(_ messages: [ByteBuffer], count: Int) -> OnReceived {
    switch consume self.state {
    case .waiting:
      preconditionFailure("a response without a stream")
    case .open(var call):
      call.messages.append(contentsOf: messages)
      call.withheld += count
      guard let waiter = call.waiter else {
        self = Self(.open(call))
        return .none(refund: 0)
      }
      guard let (message, refund) = call.takeNext() else {
        // The caller waits for the rest of this message.
        let refund = call.takeAllBytes()
        self = Self(.open(call))
        return .none(refund: refund)
      }
      call.waiter = nil
      self = Self(.open(call))
      return .answer(waiter, .success(message), refund: refund)
    case .ended(let call):
      self = Self(.ended(call))
      return .none(refund: count)
    }
  }

  /// The response is over: whole, with nil or the error in its end envelope, or beyond reading.
  mutating func ended(_ messages: [ByteBuffer], count: Int, error: UserAPIError?) -> OnReceived {
    switch consume self.state {
    case .waiting:
      preconditionFailure("a response without a stream")
    case .open(let call):
      var ended = Ended(stream: call.stream, messages: call.messages, error: error)
      ended.messages.append(contentsOf: messages)
      // Nothing more comes, so the bytes serve nobody here.
      let refund = call.withheld + count
      guard let waiter = call.waiter else {
        self = Self(.ended(ended))
        return .none(refund: refund)
      }
      let answer = ended.takeNext()
      self = Self(.ended(ended))
      return .answer(waiter, answer, refund: refund)
    case .ended(let call):
      self = Self(.ended(call))
      return .none(refund: count)
    }
  }

  /// The stream is gone, or there never was one.
  ///
  /// - Parameter neverReached: Whether the server certainly did not begin to work on the call.
  mutating func closed(_ error: UserAPIError, neverReached: Bool) -> OnClosed {
    switch consume self.state {
    case .waiting(let call):
      if neverReached, call.mayRetry {
        self = Self(.waiting(Waiting(waiter: call.waiter, mayRetry: false)))
        return .retry(refund: 0)
      }
      self = Self(.ended(Ended(error: error)))
      guard let waiter = call.waiter else { return .none(refund: 0) }
      return .answer(waiter, .failure(error), refund: 0)
    case .open(let call):
      if neverReached, call.mayRetry {
        self = Self(.waiting(Waiting(waiter: call.waiter, mayRetry: false)))
        return .retry(refund: call.withheld)
      }
      self = Self(.ended(Ended(messages: call.messages, error: error)))
      guard let waiter = call.waiter else { return .none(refund: call.withheld) }
      return .answer(waiter, .failure(error), refund: call.withheld)
    case .ended(var call):
      call.stream = nil
      self = Self(.ended(call))
      return .none(refund: 0)
    }
  }
}

extension CallMachine.Refund: Equatable where Stream: Equatable {}
extension CallMachine.OnNext: Equatable where Waiter: Equatable, Stream: Equatable {}
extension CallMachine.OnReceived: Equatable where Waiter: Equatable {}
extension CallMachine.OnClosed: Equatable where Waiter: Equatable {}
extension CallMachine.OnAbort: Equatable where Waiter: Equatable, Stream: Equatable {}
