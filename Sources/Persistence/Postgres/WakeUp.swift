internal import CPostgres

/// What a thread sleeps on, and everybody can wake it by.
final class WakeUp: Sendable {
  struct Ready {
    /// Whether the socket is ready for what was asked.
    var isSocket = false
    var isWoken = false
  }

  private let descriptor: Int32

  /// Nil when the process may open no more files.
  init?() {
    self.descriptor = cpostgres_wake_open()
    guard self.descriptor >= 0 else { return nil }
  }

  deinit {
    cpostgres_wake_close(self.descriptor)
  }

  /// Ends the sleep under way, or else the next.
  func signal() {
    cpostgres_wake(self.descriptor)
  }

  /// Sleeps until the socket is ready, somebody wakes it, or it is time. May return early.
  ///
  /// - Parameters:
  ///   - socket: Nil for none.
  ///   - deadline: Nil for never.
  func wait(
    socket: Int32? = nil, reads: Bool = true, writes: Bool = false,
    until deadline: ContinuousClock.Instant?
  ) -> Ready {
    var milliseconds: Int32 = -1
    if let deadline {
      let left = (deadline - .now) / .milliseconds(1)
      // Rounded up, so that nobody goes round and round in the last millisecond.
      milliseconds = Int32(min(max(left.rounded(.up), 0), 60_000))
    }
    let ready = Int(
      cpostgres_wait(socket ?? -1, reads ? 1 : 0, writes ? 1 : 0, self.descriptor, milliseconds))
    return Ready(
      isSocket: ready & CPOSTGRES_SOCKET != 0, isWoken: ready & CPOSTGRES_WOKEN != 0)
  }

  /// Whether there is something to read from the socket, or its end.
  func isReadable(_ socket: Int32) -> Bool {
    cpostgres_is_readable(socket) != 0
  }
}
