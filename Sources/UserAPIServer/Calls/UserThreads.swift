internal import DequeModule
internal import NIOConcurrencyHelpers
internal import NIOPosix

/// Threads for work that takes long, apart from those that all calls need, and shared out between
/// users in turn: who asks for a thousand pages waits for his own, and a call that is light waits for
/// nobody's.
final class UserThreads: Sendable {
  private struct State {
    /// What waits, by user.
    var jobs: [String: Deque<(UnownedJob, UserExecutor)>] = [:]
    /// The users for whom something waits, in the order of their turns.
    var turns = Deque<String>()
  }

  private let state = NIOLockedValueBox(State())
  private let pool: NIOThreadPool

  init(count: Int) {
    self.pool = NIOThreadPool(numberOfThreads: count)
    self.pool.start()
  }

  deinit {
    self.pool.shutdownGracefully { _ in }
  }

  /// Where a call of the user runs.
  func makeExecutor(for userID: String) -> UserExecutor {
    UserExecutor(threads: self, userID: userID)
  }

  fileprivate func enqueue(_ job: UnownedJob, of executor: UserExecutor) {
    let id = executor.userID
    self.state.withLockedValue { state in
      if state.jobs[id] == nil { state.turns.append(id) }
      state.jobs[id, default: []].append((job, executor))
    }
    // For each job one turn; whose it is, is seen when it comes.
    self.pool.submit { _ in self.runNext() }
  }

  private func runNext() {
    let next = self.state.withLockedValue { state -> (UnownedJob, UserExecutor)? in
      guard let id = state.turns.popFirst() else { return nil }
      let job = state.jobs[id]?.popFirst()
      if state.jobs[id]?.isEmpty == true {
        state.jobs[id] = nil
      } else {
        state.turns.append(id)
      }
      return job
    }
    if let (job, executor) = next { job.runSynchronously(on: executor.asUnownedTaskExecutor()) }
  }
}

/// One user's share of the ``UserThreads``, for one call.
final class UserExecutor: TaskExecutor {
  private let threads: UserThreads
  fileprivate let userID: String

  fileprivate init(threads: UserThreads, userID: String) {
    self.threads = threads
    self.userID = userID
  }

  func enqueue(_ job: consuming ExecutorJob) {
    self.threads.enqueue(UnownedJob(job), of: self)
  }
}
