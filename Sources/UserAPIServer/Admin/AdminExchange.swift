internal import NIOCore
internal import NIOHTTP1

/// The one request of a connection of the admin port, and when it is answered: as soon as all of it
/// is there that matters.
struct AdminExchange {
  /// How many bytes of a request that is answered are dropped before its connection is closed. A
  /// client that is still sending loses the answer when it is closed over that.
  static let maxDiscardedSize = 16 << 20

  enum OnHead: Equatable {
    case none
    /// The client waits for a word before it sends the body.
    case proceed
    case answer(AdminRequest)
  }

  enum OnBody: Equatable {
    case none
    case answer(AdminRequest)
    case close
  }

  enum OnEnd: Equatable {
    case none
    case answer(AdminRequest)
    case close
  }

  enum OnAnswered: Equatable {
    case close
    /// The request goes on: what still comes is to be dropped.
    case closeOutput
  }

  private enum State {
    case waiting
    case reading(HTTPRequestHead, ByteBuffer, limit: Int)
    case answering(isWhole: Bool, discarded: Int)
    /// The answer is out, and the request has not ended.
    case lingering(discarded: Int)
    case over
  }

  private var state = State.waiting

  /// Whether nothing has been answered, or is about to be.
  var isOpen: Bool {
    switch self.state {
    case .waiting, .reading: true
    case .answering, .lingering, .over: false
    }
  }

  /// A request begins.
  ///
  /// - Parameter bodyLimit: How long its body may be, in bytes; nil where it does not matter.
  mutating func headReceived(_ head: HTTPRequestHead, bodyLimit: Int?) -> OnHead {
    switch self.state {
    case .waiting:
      guard let bodyLimit else {
        self.state = .answering(isWhole: false, discarded: 0)
        return .answer(AdminRequest(head: head, body: .whole(ByteBuffer())))
      }
      if let length = head.headers.first(name: "content-length"),
        Int(length).map({ $0 > bodyLimit }) != false
      {
        self.state = .answering(isWhole: false, discarded: 0)
        return .answer(AdminRequest(head: head, body: .tooLong))
      }
      self.state = .reading(head, ByteBuffer(), limit: bodyLimit)
      let isAsking =
        head.version != .http1_0
        && head.headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
      return isAsking ? .proceed : .none
    // Another request of the same connection.
    case .reading, .answering, .lingering, .over: return .none
    }
  }

  mutating func bodyReceived(_ bytes: ByteBuffer) -> OnBody {
    switch self.state {
    case .reading(let head, var body, let limit):
      guard body.readableBytes + bytes.readableBytes <= limit else {
        self.state = .answering(isWhole: false, discarded: bytes.readableBytes)
        return .answer(AdminRequest(head: head, body: .tooLong))
      }
      // Nobody else holds it while it grows.
      self.state = .waiting
      body.writeImmutableBuffer(bytes)
      self.state = .reading(head, body, limit: limit)
      return .none
    case .answering(let isWhole, let discarded):
      let sum = discarded + bytes.readableBytes
      guard sum <= Self.maxDiscardedSize else {
        self.state = .over
        return .close
      }
      self.state = .answering(isWhole: isWhole, discarded: sum)
      return .none
    case .lingering(let discarded):
      let sum = discarded + bytes.readableBytes
      guard sum <= Self.maxDiscardedSize else {
        self.state = .over
        return .close
      }
      self.state = .lingering(discarded: sum)
      return .none
    case .waiting, .over: return .none
    }
  }

  mutating func endReceived() -> OnEnd {
    switch self.state {
    case .reading(let head, let body, _):
      self.state = .answering(isWhole: true, discarded: 0)
      return .answer(AdminRequest(head: head, body: .whole(body)))
    case .answering(_, let discarded):
      self.state = .answering(isWhole: true, discarded: discarded)
      return .none
    case .lingering:
      self.state = .over
      return .close
    case .waiting, .over: return .none
    }
  }

  /// All of the answer was written.
  mutating func answered() -> OnAnswered {
    switch self.state {
    case .answering(isWhole: false, let discarded):
      self.state = .lingering(discarded: discarded)
      return .closeOutput
    // What is over was closed under it.
    case .answering(isWhole: true, _), .over:
      self.state = .over
      return .close
    case .waiting, .reading, .lingering:
      preconditionFailure("an answer needs a request, and is the only one")
    }
  }
}
