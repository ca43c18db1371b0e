internal import DequeModule
internal import Foundation
internal import NIOConcurrencyHelpers

/// One connection and the thread that owns it. What it is to do is posted, and done in order.
final class PostgresConnection: Sendable {
  /// What a caller wants.
  struct Job: Sendable {
    /// Runs it, and gives what tells the caller.
    var perform: @Sendable (PostgresSession) -> @Sendable () -> Void
    /// Tells the caller that it was not run.
    var fail: @Sendable (PostgresFailure) -> Void
  }

  enum Event: Sendable {
    case connected
    case connectFailed(PostgresFailure)
    /// Whoever had the connection is done with it.
    case released
    /// The thread is at its end.
    case ended
  }

  private struct Mailbox {
    var jobs = Deque<Job>()
    /// Whether the connection is to end.
    var isStopped = false
    /// Whether nobody reads here any more.
    var isClosed = false
  }

  private let mailbox = NIOLockedValueBox(Mailbox())
  private let wake: WakeUp

  init(wake: WakeUp) {
    self.wake = wake
  }

  /// Starts the thread, which connects first.
  ///
  /// - Parameters:
  ///   - prepare: Called on it with what was made, before that is reported.
  ///   - report: Called on it.
  func start(
    target: PostgresSession.Target, limits: PostgresSession.Limits, canceler: PostgresCanceler,
    prepare: @escaping @Sendable (PostgresSession) throws(PostgresFailure) -> Void,
    report: @escaping @Sendable (Event) -> Void
  ) {
    let thread = Thread { [self] in
      do throws(PostgresFailure) {
        let session = try PostgresSession.connect(
          to: target, limits: limits, canceler: canceler, wake: self.wake,
          isStopped: { self.isStopped }, prepare: prepare)
        report(.connected)
        self.serve(session, report)
      } catch {
        self.close(error).forEach { $0() }
        report(.connectFailed(error))
      }
    }
    thread.name = "postgres"
    // It goes no deeper than libpq and OpenSSL do.
    thread.stackSize = 512 << 10
    thread.start()
  }

  // MARK: Others' threads

  /// Has the job run, and tells the caller when it cannot be. The connection is given back after it,
  /// before the caller is told: his next job then finds it free.
  func run(_ job: Job) {
    let isPosted = self.mailbox.withLockedValue { mailbox in
      guard !mailbox.isClosed else { return false }
      mailbox.jobs.append(job)
      return true
    }
    guard isPosted else { return job.fail(.lost(isSent: false)) }
    self.wake.signal()
  }

  /// Has the job that is under way look whether its caller is still there.
  func interrupt() {
    self.wake.signal()
  }

  /// Ends the connection once what was posted is done.
  func stop() {
    self.mailbox.withLockedValue { $0.isStopped = true }
    self.wake.signal()
  }

  // MARK: The thread

  private var isStopped: Bool { self.mailbox.withLockedValue { $0.isStopped } }

  private func serve(_ session: PostgresSession, _ report: (Event) -> Void) {
    var tell: (@Sendable () -> Void)?
    while !session.isLost {
      if let job = self.mailbox.withLockedValue({ $0.jobs.popFirst() }) {
        let outcome = job.perform(session)
        if session.isLost {
          tell = outcome
        } else {
          report(.released)
          outcome()
        }
      } else if self.isStopped {
        session.discard()
      } else {
        session.idle()
      }
    }
    let others = self.close(.lost(isSent: false))
    session.close()
    // So that who tries again is not given another that is gone as well.
    report(.ended)
    tell?()
    others.forEach { $0() }
  }

  /// Takes no more jobs.
  ///
  /// - Returns: What tells those that it was not done for.
  private func close(_ failure: PostgresFailure) -> [@Sendable () -> Void] {
    let jobs = self.mailbox.withLockedValue { mailbox in
      mailbox.isClosed = true
      defer { mailbox.jobs = [] }
      return mailbox.jobs
    }
    return jobs.map { job in { job.fail(failure) } }
  }
}
