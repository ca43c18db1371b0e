internal import AuthService
internal import CGlibc
internal import HTTP2
internal import NIOCore

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
  /// The longest `authorization` that is remembered, in bytes: it stays for as long as the connection.
  private static let maxRememberedSize = 2_048
  /// What was read of the `authorization` that came last: most clients send the same with each call.
  private var lastCredentials: (authorization: String, credentials: Credentials)?
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

  /// What a request brings to prove who calls.
  func credentials(_ authorization: String?) -> Credentials {
    guard let authorization else {
      return Credentials(authorization: nil, certificate: self.certificate)
    }
    if let last = self.lastCredentials, last.authorization.hasSameBytes(as: authorization) {
      return last.credentials
    }
    let credentials = Credentials(authorization: authorization, certificate: self.certificate)
    if credentials.haveToken, authorization.utf8.count <= Self.maxRememberedSize {
      self.lastCredentials = (authorization, credentials)
    }
    return credentials
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

extension String {
  /// Unlike `==`, in a time that the length bounds.
  fileprivate func hasSameBytes(as other: String) -> Bool {
    guard self.utf8.count == other.utf8.count else { return false }
    let same = self.utf8.withContiguousStorageIfAvailable { bytes in
      other.utf8.withContiguousStorageIfAvailable { others in
        guard let bytes = bytes.baseAddress, let others = others.baseAddress else { return true }
        return memcmp(bytes, others, self.utf8.count) == 0
      }
    }
    return same.flatMap { $0 } ?? false
  }
}
