internal import NIOConcurrencyHelpers
internal import NIOCore

/// Brings events to their hooks. Decides nothing: `WebhookDesk` does.
final class WebhookCourier: Sendable {
  private let eventLoop: any EventLoop
  private let desk: NIOLockedValueBox<WebhookDesk>
  private let line: NIOLoopBoundBox<WebhookLine>
  private let connections = Connections()

  /// - Parameters:
  ///   - eventLoop: Everything is sent from there. Must be of NIOPosix.
  ///   - patience: How long a receiver may take to answer.
  init(eventLoop: any EventLoop, patience: Duration) {
    self.eventLoop = eventLoop
    self.desk = NIOLockedValueBox(WebhookDesk(seed: .random(in: 0 ... .max)))
    self.line = .makeBoxSendingValue(
      WebhookLine(eventLoop: eventLoop, patience: patience, connections: self.connections),
      eventLoop: eventLoop)
  }

  /// Takes events and has them sent, in their order.
  /// - Parameter take: Gives the events; called on the courier's event loop.
  func collect(_ take: @escaping @Sendable () -> [SessionEvent]) {
    self.eventLoop.execute {
      for event in take() { self.post(event) }
    }
  }

  var report: (WebhookSteering, WebhookCounters, pending: Int, [DeliveryRecord]) {
    self.desk.withLockedValue { ($0.steering, $0.counters, $0.pending, $0.records) }
  }

  func steer(_ steering: WebhookSteering) {
    self.desk.withLockedValue { $0.steering = steering }
  }

  func clear() { self.desk.withLockedValue { $0.clear() } }

  /// Sends nothing any more and closes every connection.
  func shutdown() async throws {
    try await self.eventLoop.submit { self.line.value.close() }.get()
    try await self.connections.closeAll()
  }

  private func post(_ event: SessionEvent) {
    let body = event.body
    var random = SystemRandomNumberGenerator()
    for hook in event.hooks {
      let delivery = Delivery(
        to: hook, eventID: event.id,
        requestID: ULID(at: event.atMs, using: &random).description, session: event.session,
        status: event.status, atMs: event.atMs, version: event.version, body: body)
      self.run(self.desk.withLockedValue { $0.accept(delivery) })
    }
  }

  private func run(_ actions: [WebhookDesk.Action]) {
    guard !self.line.value.isClosed else { return }
    for action in actions {
      switch action {
      case .wait(let duration, let wakeup):
        self.eventLoop.scheduleTask(in: TimeAmount(duration)) {
          self.run(self.desk.withLockedValue { $0.wake(wakeup) })
        }
      case .send(let delivery, let serial):
        guard let target = delivery.hook.target else {
          preconditionFailure("a delivery is sent that has nowhere to go")
        }
        self.line.value.send(delivery, to: target) { status, retryAfter in
          let pause = retryAfter.flatMap { Int64($0) }.map { Duration.seconds(max(0, $0)) }
          self.run(self.desk.withLockedValue { $0.ended(serial, status: status, pause: pause) })
        }
      }
    }
  }
}
