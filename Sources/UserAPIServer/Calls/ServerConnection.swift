internal import HTTP2
internal import NIOCore

/// What the calls of one connection share. Belongs to its event loop.
final class ServerConnection {
  let services: CallServices
  private let eventLoop: any EventLoop
  /// Calls that began in this turn of the event loop. Most are answered before it ends, and then
  /// never cost a timer.
  private var unarmed: [ServerCall] = []

  init(services: CallServices, eventLoop: any EventLoop) {
    self.services = services
    self.eventLoop = eventLoop
  }

  func armDeadline(of call: ServerCall) {
    if self.unarmed.isEmpty {
      let connection = NIOLoopBound(self, eventLoop: self.eventLoop)
      self.eventLoop.execute { connection.value.armDeadlines() }
    }
    self.unarmed.append(call)
  }

  private func armDeadlines() {
    let calls = self.unarmed
    self.unarmed = []
    for call in calls { call.armDeadline() }
  }
}
