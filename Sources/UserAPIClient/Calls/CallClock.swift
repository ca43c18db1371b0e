internal import NIOCore

/// The time as calls see it. Tests bring a clock of their own and move its hands.
protocol CallClock: Sendable {
  var now: ContinuousClock.Instant { get }

  /// Runs `body` on the event loop when `delay` has passed. Called on that event loop.
  func schedule(
    after delay: Duration, on eventLoop: any EventLoop, _ body: @escaping @Sendable () -> Void
  ) -> any CallTimer
}

/// Something that a ``CallClock`` will do.
protocol CallTimer: Sendable {
  func cancel()
}

/// The real time.
struct EventLoopClock: CallClock {
  var now: ContinuousClock.Instant { .now }

  func schedule(
    after delay: Duration, on eventLoop: any EventLoop, _ body: @escaping @Sendable () -> Void
  ) -> any CallTimer {
    Timer(scheduled: eventLoop.scheduleTask(in: TimeAmount(delay), body))
  }

  private struct Timer: CallTimer {
    let scheduled: Scheduled<Void>

    func cancel() {
      self.scheduled.cancel()
    }
  }
}
