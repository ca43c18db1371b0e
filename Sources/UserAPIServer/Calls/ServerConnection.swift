internal import AuthService
internal import HTTP2
internal import NIOCore
internal import UserAPI

/// What the calls of one connection share. Belongs to its event loop.
final class ServerConnection {
  let services: CallServices
  /// What the client presented during the TLS handshake, before the first call.
  var certificate: ClientCertificate?
  /// Where it comes from, for limits; nil for a Unix-domain socket.
  let address: PeerAddress?
  /// The same for people.
  let addressText: String?
  private let eventLoop: any EventLoop
  /// Calls whose request has moved in this turn of the event loop. Most are answered before it
  /// ends, and then never cost a timer.
  private var moved: [ServerCall] = []
  /// The largest headers that are remembered, in bytes: they stay for as long as the connection.
  private static let maxRememberedSize = 4 << 10
  /// The headers that came last, and what they say: most clients send the same with each call.
  private var last: (authorization: String?, head: RequestHead)?
  /// The reply that was given last, and the body that it was given in.
  private var lastReply: (contentType: ContentType, reply: SessionStatusReply, body: ByteBuffer)?
  /// With it begin the ids of this connection's calls.
  private let requestPrefix = String(
    UInt64.random(in: 78_364_164_096...2_821_109_907_455), radix: 36)
  private var requestCount = 0

  init(services: CallServices, channel: any Channel) {
    self.services = services
    self.eventLoop = channel.eventLoop
    self.address = PeerAddress(channel.remoteAddress)
    self.addressText = channel.remoteAddress?.ipAddress
  }

  /// Reads the headers of a request.
  func head(_ headers: Headers) -> RequestHead {
    if let last, last.head.headers.isIdentical(to: headers) { return last.head }
    let authorization = headers["authorization"]
    let head = RequestHead(headers, credentials: self.credentials(authorization))
    let size = headers.fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    self.last = size <= Self.maxRememberedSize ? (authorization, head) : nil
    return head
  }

  private func credentials(_ authorization: String?) -> Credentials {
    if let authorization, let last, last.authorization?.hasSameBytes(as: authorization) == true {
      return last.head.credentials
    }
    return Credentials(authorization: authorization, certificate: self.certificate)
  }

  /// The body of a response that is this reply. What is asked again and again is commonly answered the
  /// same.
  func body(of reply: SessionStatusReply, _ encoder: ResponseEncoder) -> ByteBuffer {
    if let last = self.lastReply, last.contentType == encoder.contentType, last.reply == reply {
      return last.body
    }
    let body = encoder.body(reply)
    self.lastReply = (encoder.contentType, reply, body)
    return body
  }

  /// Names a call, so that its caller and the logs can speak of the same.
  func makeRequestID() -> String {
    self.requestCount += 1
    return "\(self.requestPrefix)-\(String(self.requestCount, radix: 36))"
  }

  /// Has ``ServerCall/turnEnded()`` called on `call`.
  func atEndOfTurn(_ call: ServerCall) {
    if let last = self.moved.last {
      // The pieces of a request commonly come in a row.
      if last === call { return }
    } else {
      let connection = NIOLoopBound(self, eventLoop: self.eventLoop)
      self.eventLoop.execute { connection.value.endTurn() }
    }
    self.moved.append(call)
  }

  private func endTurn() {
    let calls = self.moved
    self.moved = []
    for call in calls { call.turnEnded() }
  }
}
