package import UserAPI

extension Directory {
  /// The lists of a session.
  package enum List: String, Hashable, CaseIterable, Sendable {
    case groups, contacts
  }

  /// What happens to the lists.
  package enum Event: Sendable {
    /// A page was served: from memory or from a list that was read for it, and how old the list was.
    case served(List, fromMemory: Bool, age: Duration)
    /// A read that had failed is tried again.
    case retried(List)
    /// A read came to an end, with what it failed of, if it did. Not told of one that nobody waited for
    /// any more.
    case read(List, UserAPIError?)
  }

  package struct Configuration: Sendable {
    /// A snapshot that is younger is served as it is; an older one is served and read anew behind.
    /// Default: 30 s.
    package var freshAge: Duration = .seconds(30)
    /// Nobody is served from a snapshot that is older; they wait for WAHA. Default: 10 min.
    package var staleAge: Duration = .seconds(600)
    /// For how long a snapshot that is not the newest any more stays for those who walk over it,
    /// since they were last served. Default: 5 min.
    package var walkAge: Duration = .seconds(300)
    /// How many such snapshots of one list are kept at most. Default: 8.
    package var maxWalkedSnapshots = 8
    /// When an answer that is empty or much smaller than the one before is looked at a second time.
    /// Default: 10 s.
    package var secondLookDelay: Duration = .seconds(10)
    /// For how long a list is at least not read again for those who ask for a fresher one.
    /// Default: 1 s.
    package var minReadInterval: Duration = .seconds(1)
    /// For how long a list is not read behind after that has failed; it doubles with each failure.
    /// Default: 5 s.
    package var failurePause: Duration = .seconds(5)
    /// The longest it becomes. Default: 1 min.
    package var maxFailurePause: Duration = .seconds(60)
    /// For how long lists are served from memory without asking for the session's status, after WAHA
    /// could not say it. Default: 2 s.
    package var silentPause: Duration = .seconds(2)
    /// For how long a list that is too large is not read again. Default: 30 s.
    package var tooLargePause: Duration = .seconds(30)
    /// How many lists are read from WAHA at once; more wait. Default: 8.
    package var maxReads = 8
    /// How often a read is tried again within one call. Default: 2.
    package var maxRetries = 2
    /// The longest pause before the first retry; it doubles with each. Default: 250 ms.
    package var retryDelay: Duration = .milliseconds(250)
    /// The longest pause that is made within a call because WAHA asks for one. Default: 5 s.
    package var maxRetryDelay: Duration = .seconds(5)
    /// What one snapshot may take, in bytes. Default: 64 MiB.
    package var maxSnapshotSize = 64 << 20
    /// What all snapshots together may take, in bytes; over it the lists go that nobody has asked
    /// for longest. Default: 256 MiB.
    package var maxSize = 256 << 20
    /// The longest page. A longer one that is asked for is served as this. Default: 10,000.
    package var maxPageSize = 10_000
    /// How much text a page may have before it ends early, in bytes. Default: 4 MiB.
    package var maxPageText = 4 << 20

    package static let defaults = Self()

    package init() {}

    /// How old a snapshot may be that a caller is served from who allows `maxAge`.
    func limit(_ maxAge: Duration?) -> Duration {
      maxAge.map { min($0, self.staleAge) } ?? self.staleAge
    }

    /// For how long WAHA is not to be asked for the session's lists after that; nil for not at all.
    func pause(after error: UserAPIError) -> Duration? {
      switch error.reason {
      case .upstreamRateLimited: error.retryAfter
      // A shorter one is kept by trying again after it.
      case .upstreamUnavailable, .upstreamBusy:
        error.retryAfter.flatMap { $0 > self.maxRetryDelay ? $0 : nil }
      case .upstreamListTooLarge: self.tooLargePause
      default: nil
      }
    }

    /// How long to wait before a read that has failed is tried again; nil for not at all.
    ///
    /// - Parameter jitter: From 0 to 1; which part of the longest pause.
    func retryPause(after error: UserAPIError, retries: Int, jitter: Double) -> Duration? {
      switch error.reason {
      case .upstreamUnavailable, .upstreamBusy: break
      // Asking again is what WhatsApp does not want, what does not help, or what takes too long.
      default: return nil
      }
      let pause = self.retryDelay * Double(1 << retries) * jitter
      guard let wanted = error.retryAfter else { return pause }
      return wanted <= self.maxRetryDelay ? wanted + pause : nil
    }
  }

  /// What the directory needs of the world, as values, so that a test can hold them.
  package struct Surroundings: Sendable {
    /// Never goes back.
    package var now: @Sendable () -> ContinuousClock.Instant
    package var wallClock: @Sendable () -> Timestamp
    /// Throws `CancellationError` as soon as the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// A random number from 0 to 1.
    package var jitter: @Sendable () -> Double
    /// Told of what is worth a metric or a line in the log.
    package var observe: @Sendable (Event) -> Void
    /// Where a user's long lists are read and sorted; nil for where everything runs.
    package var executor: @Sendable (_ userID: String) -> (any TaskExecutor)?

    package init(
      now: @escaping @Sendable () -> ContinuousClock.Instant,
      wallClock: @escaping @Sendable () -> Timestamp,
      sleep: @escaping @Sendable (Duration) async throws -> Void,
      jitter: @escaping @Sendable () -> Double,
      observe: @escaping @Sendable (Event) -> Void = { _ in },
      executor: @escaping @Sendable (_ userID: String) -> (any TaskExecutor)? = { _ in nil }
    ) {
      self.now = now
      self.wallClock = wallClock
      self.sleep = sleep
      self.jitter = jitter
      self.observe = observe
      self.executor = executor
    }

    var moment: Moment { Moment(instant: self.now(), wallClock: self.wallClock()) }
  }
}
