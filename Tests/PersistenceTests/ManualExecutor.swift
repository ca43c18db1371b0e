import NIOConcurrencyHelpers

/// A thread that is busy: what is to run on it waits until it is told to.
final class ManualExecutor: TaskExecutor {
  private let waiting = NIOLockedValueBox<[UnownedJob]?>([])

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let isWaiting = self.waiting.withLockedValue { waiting in
      waiting?.append(job)
      return waiting != nil
    }
    if !isWaiting { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Runs the jobs that came first.
  func run(jobs count: Int) {
    let jobs = self.waiting.withLockedValue { waiting in
      defer { waiting?.removeFirst(count) }
      return waiting?.prefix(count) ?? []
    }
    for job in jobs { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Runs everything that waits, and what comes later at once.
  func runFromNowOn() {
    let jobs = self.waiting.withLockedValue { waiting in
      defer { waiting = nil }
      return waiting ?? []
    }
    for job in jobs { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
