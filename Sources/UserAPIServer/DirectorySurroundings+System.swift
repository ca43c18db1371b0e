internal import AuthService
internal import DirectoryService

extension Directory.Surroundings {
  /// The machine's clocks and random numbers, and threads for what takes long.
  static func system(threads: UserThreads) -> Self {
    Self(
      now: TimeSource.system.now, wallClock: TimeSource.system.wallClock,
      sleep: TimeSource.system.sleep, jitter: { Double.random(in: 0...1) },
      executor: { threads.makeExecutor(for: $0) })
  }
}
