internal import AuthService
internal import HTTP2
internal import NIOCore

/// What the calls of one connection share. Belongs to its event loop.
final class ServerConnection {
  let services: CallServices
  /// What the client presented during the TLS handshake, before the first call.
  var certificate: ClientCertificate?
  private let eventLoop: any EventLoop
  /// Calls whose request has moved in this turn of the event loop. Most are answered before it
  /// ends, and then never cost a timer.
  private var moved: [ServerCall] = []

  init(services: CallServices, eventLoop: any EventLoop) {
    self.services = services
    self.eventLoop = eventLoop
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
