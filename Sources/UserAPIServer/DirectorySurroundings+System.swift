internal import AuthService
internal import DirectoryService
internal import Logging
internal import UserAPI

extension Directory.Surroundings {
  /// The machine's clocks and random numbers, and threads for what takes long.
  static func system(threads: UserThreads, metrics: ListMetrics, logger: Logger) -> Self {
    Self(
      now: TimeSource.system.now, wallClock: TimeSource.system.wallClock,
      sleep: { try await Task.sleep(for: $0) }, jitter: { Double.random(in: 0...1) },
      observe: { event in
        metrics.record(event)
        guard case .read(let list, let error?) = event else { return }
        var metadata: Logger.Metadata = [
          "list": "\(list.rawValue)", "reason": "\(error.reason.rawValue)",
        ]
        if let cause = error.cause { metadata["cause"] = "\(cause)" }
        logger.warning("a list could not be read from WAHA", metadata: metadata)
      },
      executor: { threads.makeExecutor(for: $0) })
  }
}
