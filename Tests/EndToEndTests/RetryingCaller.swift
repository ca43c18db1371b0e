import Synchronization
import UserAPI
import UserAPIClient

/// A caller who knows several servers and asks the next when one is away.
final class RetryingCaller: Sendable {
  struct Tally {
    /// Calls that are over, well or not.
    var finished = 0
    /// Calls that needed more than one attempt.
    var retried = 0
    /// What the calls failed with that did not succeed in the end.
    var lost: [String] = []
  }

  private struct State {
    var tally = Tally()
    var isStopped = false
    var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  /// How often a call is tried at most: at every server twice.
  private let attempts: Int
  private let clients: [UserAPIClient]
  private let request: SessionRequest
  private let state = Mutex(State())

  init(addresses: [String], token: String, session: String) throws {
    self.clients = try addresses.map { address in
      try UserAPIClient(configuration: .init(url: "http://" + address, token: token))
    }
    self.attempts = 2 * addresses.count
    self.request = SessionRequest(sessionName: session)
  }

  var tally: Tally { self.state.withLock { $0.tally } }

  /// Makes one call after the other, at one server after the other, until it is stopped.
  func run(beginningAt first: Int) async {
    var next = first
    while !self.state.withLock({ $0.isStopped }) {
      await self.call(next)
      next += 1
    }
  }

  private func call(_ first: Int) async {
    var failures: [String] = []
    for attempt in 0..<self.attempts {
      do {
        let reply = try await self.clients[(first + attempt) % self.clients.count]
          .getSessionStatus(self.request)
        if reply.status.rawValue != "WORKING" { failures.append("it is \(reply.status)") }
        self.finish(retried: attempt > 0, lost: reply.status.rawValue == "WORKING" ? nil : failures)
        return
      } catch {
        failures.append("\(error.reason.rawValue): \(error.message)")
        // To ask for the status is safe to repeat, whether it was carried out or not.
        guard [.connectionFailed, .serverStopping].contains(error.reason) else { break }
      }
    }
    self.finish(retried: true, lost: failures)
  }

  private func finish(retried: Bool, lost: [String]?) {
    let resumed = self.state.withLock { state in
      state.tally.finished += 1
      if retried { state.tally.retried += 1 }
      if let lost { state.tally.lost.append(lost.joined(separator: ", then ")) }
      let finished = state.tally.finished
      defer { state.waiters.removeAll { $0.count <= finished } }
      return state.waiters.filter { $0.count <= finished }
    }
    for waiter in resumed { waiter.continuation.resume() }
  }

  /// Returns when so many more calls are over.
  func finishedCalls(_ count: Int) async {
    await withCheckedContinuation { continuation in
      self.state.withLock { state in
        state.waiters.append((state.tally.finished + count, continuation))
      }
    }
  }

  /// Lets the calls that are under way be the last.
  func stop() {
    self.state.withLock { $0.isStopped = true }
  }

  func close() async {
    for client in self.clients { await client.close() }
  }
}
