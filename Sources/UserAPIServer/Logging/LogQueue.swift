internal import DequeModule
internal import Dispatch
internal import Foundation
internal import Logging
internal import NIOConcurrencyHelpers

/// Writes the lines of logs on a thread of its own: whoever logs does not wait for a reader of the
/// log that has stalled. What does not fit meanwhile is counted, and said when there is room.
final class LogQueue: Sendable {
  /// How many lines may wait.
  private static let capacity = 8_192

  private struct State {
    var lines = Deque<@Sendable () -> Void>()
    var lost = 0
    var isWriting = false
  }

  private let state = NIOLockedValueBox(State())
  private let wakes = DispatchSemaphore(value: 0)
  private let logger: Logger

  /// - Parameter logger: Writes that lines were lost.
  init(logger: Logger) {
    self.logger = logger
    let thread = Thread { [self] in while true { self.writeNext() } }
    thread.name = "log"
    thread.start()
  }

  /// Has a line written.
  func add(_ write: @escaping @Sendable () -> Void) {
    let isTaken = self.state.withLockedValue { state in
      guard state.lines.count < Self.capacity else {
        state.lost += 1
        return false
      }
      state.lines.append(write)
      return true
    }
    if isTaken { self.wakes.signal() }
  }

  private func writeNext() {
    self.wakes.wait()
    let (write, lost) = self.state.withLockedValue { state in
      state.isWriting = true
      defer { state.lost = 0 }
      return (state.lines.popFirst(), state.lost)
    }
    if lost > 0 {
      self.logger.error("lines of the log were lost", metadata: ["count": "\(lost)"])
    }
    write?()
    self.state.withLockedValue { $0.isWriting = false }
  }

  /// Waits until all lines are written, but not for longer than a reader may take who is alive.
  func drain(within limit: Duration = .seconds(1)) async {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end,
      self.state.withLockedValue({ !$0.lines.isEmpty || $0.isWriting })
    {
      do { try await Task.sleep(for: .milliseconds(5)) } catch { return }
    }
  }
}

/// Hands what is logged to a ``LogQueue``, for another handler to write it.
struct QueuedLogHandler: LogHandler {
  var handler: any LogHandler
  let queue: LogQueue

  var logLevel: Logger.Level {
    get { self.handler.logLevel }
    set { self.handler.logLevel = newValue }
  }

  var metadata: Logger.Metadata {
    get { self.handler.metadata }
    set { self.handler.metadata = newValue }
  }

  var metadataProvider: Logger.MetadataProvider? {
    get { self.handler.metadataProvider }
    set { self.handler.metadataProvider = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { self.handler[metadataKey: key] }
    set { self.handler[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) {
    let handler = self.handler
    var event = event
    // What it says depends on who logs, who is not the one who writes.
    if let provided = handler.metadataProvider?.get(), !provided.isEmpty {
      event.metadata = provided.merging(event.metadata ?? [:]) { $1 }
    }
    self.queue.add { [event] in handler.log(event: event) }
  }
}
