internal import HTTP2
internal import NIOCore
internal import UserAPI

/// The stream of a call: reads the response and tells the ``Call``. Belongs to the event loop.
final class CallReceiver {
  private let call: Call
  private let stream: HTTP2Stream
  private let connection: Connection
  private var response: ClientCallMachine
  private var hasBegun = false

  init(call: Call, stream: HTTP2Stream, connection: Connection) {
    self.call = call
    self.stream = stream
    self.connection = connection
    self.response = ClientCallMachine(maximumLength: call.maxResponseMessageBytes)
  }

  /// Sends the request, unless the call is given up by now.
  func begin() {
    let handle = StreamHandle(
      receiver: NIOLoopBound(self, eventLoop: self.stream.eventLoop),
      eventLoop: self.stream.eventLoop)
    if let request = self.call.opened(handle) {
      self.stream.send(request, endStream: true)
    } else {
      self.stream.reset(.cancel)
    }
  }

  func consume(_ count: Int) {
    self.stream.consume(count)
  }

  func reset() {
    self.stream.reset(.cancel)
  }
}

extension CallReceiver: StreamReceiver {
  func receivedHeaders(_ headers: Headers, endStream: Bool) {
    let status = headers[":status"].flatMap { Int($0) } ?? 0
    // 100 and 103 announce a response and are none (RFC 9110, section 15.2).
    if !self.hasBegun, (100..<200).contains(status) { return }
    self.hasBegun = true
    self.call.responseBegan()
    if let error = self.response.receivedHead(
      status: status, contentType: headers["content-type"])
    {
      self.fail(error, count: 0)
    } else if endStream {
      self.receivedEnd()
    }
  }

  func receivedData(_ data: ByteBuffer) {
    let count = data.readableBytes
    switch self.response.receivedData(data) {
    case .messages(let messages):
      self.stream.consume(self.call.received(messages, count: count))
    case .end(let messages, let error):
      self.stream.consume(self.call.ended(messages, count: count, error: error))
    case .fail(let error):
      self.fail(error, count: count)
    }
  }

  func receivedEnd() {
    switch self.response.closed(nil) {
    case .none: break
    case .fail(let error): self.fail(error, count: 0)
    }
  }

  func becameWritable() {
    // The request was queued whole.
  }

  func streamClosed(_ reason: StreamCloseReason) {
    let error: UserAPIError
    switch self.response.closed(nil) {
    case .none: error = UserAPIError(.invalidResponse, "the response is over")
    case .fail(let incomplete): error = self.error(for: reason) ?? incomplete
    }
    let isRefused = reason == .reset(.refusedStream)
    // First, because a call that is tried again must not come here again.
    self.connection.streamClosed(isRefused: isRefused)
    self.stream.consume(self.call.closed(error, neverReached: isRefused && !self.hasBegun))
  }

  private func fail(_ error: UserAPIError, count: Int) {
    self.stream.consume(self.call.ended([], count: count, error: error))
    self.stream.reset(.cancel)
  }
}

extension CallReceiver {
  /// What the caller is told of a stream that did not end as it should.
  private func error(for reason: StreamCloseReason) -> UserAPIError? {
    switch reason {
    case .finished: nil
    case .reset(.refusedStream):
      UserAPIError(.connectionFailed, "the server refused the call")
    case .reset(let code):
      UserAPIError(.connectionFailed, "the server reset the call (\(code))")
    case .connectionLost:
      UserAPIError(
        .connectionFailed,
        "the connection was lost during the call"
          + (self.connection.tlsFailure.map { ": \($0)" } ?? ""))
    }
  }
}

/// A ``CallReceiver`` for those who are not on its event loop.
struct StreamHandle: Sendable {
  let receiver: NIOLoopBound<CallReceiver>
  let eventLoop: any EventLoop

  func consume(_ count: Int) {
    self.eventLoop.run { self.receiver.value.consume(count) }
  }

  func reset(consuming count: Int) {
    self.eventLoop.run {
      self.receiver.value.consume(count)
      self.receiver.value.reset()
    }
  }
}
