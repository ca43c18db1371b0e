internal import NIOCore
internal import NIOHTTP1

/// A request of the admin port that is to be answered.
struct AdminRequest: Sendable, Equatable {
  enum Body: Sendable, Equatable {
    /// All of it; empty where none matters.
    case whole(ByteBuffer)
    /// It is longer than its path takes, and was not read.
    case tooLong
  }

  var head: HTTPRequestHead
  var body: Body
}
