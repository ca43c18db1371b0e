package import NIOCore

/// One call at the server, from its headers to the end of its stream. Decides; the caller does.
///
/// An answer given before the request has ended leaves the stream open and discards what still
/// arrives, because several stock clients lose the answer otherwise (proto-spec.md, section 5.3).
package struct ServerCallMachine: ~Copyable {
  private enum State: ~Copyable {
    /// The request arrives.
    case receiving(RequestBody)
    /// The request is whole and the procedure at work.
    case running
    /// Answered while the request still arrives; `left` more bytes of it are borne.
    case discarding(left: Int)
    /// Answered, or gone. Nothing more is to be done.
    case finished
  }

  package enum OnData: Equatable {
    /// Nothing; the bytes may be given back to the window.
    case none
    /// Answer with the error.
    case fail(UserAPIError)
    /// Reset the stream with NO_ERROR: the client goes on past all patience.
    case reset
  }

  package enum OnEnd: Equatable {
    case none
    /// Run the procedure with this message.
    case run(ByteBuffer)
    case fail(UserAPIError)
  }

  package enum OnAnswer: Equatable {
    case send
    /// The call is already answered or gone: a race between the procedure, the deadline and the
    /// peer, which the first of them won.
    case drop
  }

  package enum OnClosed: Equatable {
    /// Cancel the procedure, which nobody waits for.
    case cancel
    case none
  }

  private let discardLimit: Int
  private var state: State

  /// - Parameters:
  ///   - body: Takes the request's message.
  ///   - discardLimit: How many bytes of a request are read and dropped after an early answer.
  package init(body: RequestBody, discardLimit: Int) {
    self.init(.receiving(body), discardLimit: discardLimit)
  }

  private init(_ state: consuming State, discardLimit: Int) {
    self.state = state
    self.discardLimit = discardLimit
  }

  package mutating func receivedData(_ bytes: ByteBuffer) -> OnData {
    switch consume self.state {
    case .receiving(var body):
      do throws(UserAPIError) {
        try body.append(bytes)
      } catch {
        self = Self(.receiving(body), discardLimit: self.discardLimit)
        return .fail(error)
      }
      self = Self(.receiving(body), discardLimit: self.discardLimit)
      return .none
    case .running:
      preconditionFailure("libnghttp2 delivered data after the end of the stream")
    case .discarding(let left):
      guard bytes.readableBytes <= left else {
        self = Self(.finished, discardLimit: self.discardLimit)
        return .reset
      }
      self = Self(.discarding(left: left - bytes.readableBytes), discardLimit: self.discardLimit)
      return .none
    case .finished:
      // Data that was on its way when the stream was reset.
      self = Self(.finished, discardLimit: self.discardLimit)
      return .none
    }
  }

  /// Nothing more of the request comes for a while.
  package mutating func compact() {
    switch consume self.state {
    case .receiving(var body):
      body.compact()
      self = Self(.receiving(body), discardLimit: self.discardLimit)
    case .running:
      self = Self(.running, discardLimit: self.discardLimit)
    case .discarding(let left):
      self = Self(.discarding(left: left), discardLimit: self.discardLimit)
    case .finished:
      self = Self(.finished, discardLimit: self.discardLimit)
    }
  }

  package mutating func receivedEnd() -> OnEnd {
    switch consume self.state {
    case .receiving(let body):
      self = Self(.running, discardLimit: self.discardLimit)
      do throws(UserAPIError) {
        return .run(try body.finish())
      } catch {
        return .fail(error)
      }
    case .running:
      preconditionFailure("libnghttp2 ended a stream twice")
    case .discarding:
      self = Self(.finished, discardLimit: self.discardLimit)
      return .none
    case .finished:
      self = Self(.finished, discardLimit: self.discardLimit)
      return .none
    }
  }

  /// The procedure has a message that others, or the end, are to follow.
  package mutating func message() -> OnAnswer {
    switch consume self.state {
    case .receiving:
      preconditionFailure("a procedure runs when its request is whole")
    case .running:
      self = Self(.running, discardLimit: self.discardLimit)
      return .send
    case .discarding:
      preconditionFailure("a procedure runs when its request is whole")
    case .finished:
      self = Self(.finished, discardLimit: self.discardLimit)
      return .drop
    }
  }

  /// Somebody has an answer: the procedure, a check, or the deadline.
  package mutating func answer() -> OnAnswer {
    switch consume self.state {
    case .receiving:
      self = Self(.discarding(left: self.discardLimit), discardLimit: self.discardLimit)
      return .send
    case .running:
      self = Self(.finished, discardLimit: self.discardLimit)
      return .send
    case .discarding(let left):
      self = Self(.discarding(left: left), discardLimit: self.discardLimit)
      return .drop
    case .finished:
      self = Self(.finished, discardLimit: self.discardLimit)
      return .drop
    }
  }

  /// The stream is gone: finished, reset or lost.
  package mutating func closed() -> OnClosed {
    switch consume self.state {
    case .receiving:
      self = Self(.finished, discardLimit: self.discardLimit)
      return .cancel
    case .running:
      self = Self(.finished, discardLimit: self.discardLimit)
      return .cancel
    case .discarding:
      self = Self(.finished, discardLimit: self.discardLimit)
      return .none
    case .finished:
      self = Self(.finished, discardLimit: self.discardLimit)
      return .none
    }
  }
}
