internal import NIOConcurrencyHelpers

/// The latest requests in order of arrival, and a tally of all of them.
final class RequestLog: Sendable {
  /// Where a request's answer is to be noted.
  struct Ticket: Sendable {
    fileprivate let serial: Int
    fileprivate let key: Key
  }

  fileprivate struct Key: Hashable, Sendable {
    var method: String
    var path: String
  }

  private struct Tally {
    var requests = 0
    var aborted = 0
  }

  private struct State {
    /// A ring: the request with serial n stands at n modulo the capacity.
    var ring: [RecordedRequest] = []
    /// The serial of the oldest request since the log was cleared.
    var first = 0
    var next = 0
    /// Counts every request, one that left the ring too. Grows with the number of different
    /// targets until it is cleared.
    var tallies: [Key: Tally] = [:]
  }

  private let capacity: Int
  private let clock: WallClock
  private let state = NIOLockedValueBox(State())

  init(clock: WallClock, capacity: Int = 10_000) {
    self.clock = clock
    self.capacity = capacity
  }

  func began(_ method: String, _ path: String, traceparent: String? = nil) -> Ticket {
    let key = Key(method: method, path: path)
    let request = RecordedRequest(
      method: method, path: path, status: nil, atMs: self.clock.now, isAborted: false,
      traceparent: traceparent)
    return self.state.withLockedValue { state in
      let serial = state.next
      let place = (serial - state.first) % self.capacity
      if place < state.ring.count {
        state.ring[place] = request
      } else {
        state.ring.append(request)
      }
      state.next += 1
      state.tallies[key, default: Tally()].requests += 1
      return Ticket(serial: serial, key: key)
    }
  }

  func answered(_ ticket: Ticket, status: Int?) {
    self.note(ticket) { request, _ in request.status = status }
  }

  func aborted(_ ticket: Ticket) {
    self.note(ticket) { request, tally in
      request.isAborted = true
      tally.aborted += 1
    }
  }

  /// The latest requests, the oldest first.
  func requests() -> [RecordedRequest] {
    self.state.withLockedValue { state in
      let oldest = max(state.first, state.next - self.capacity)
      return (oldest..<state.next).map { state.ring[($0 - state.first) % self.capacity] }
    }
  }

  /// How many requests came in since the log was cleared, those that left the ring included.
  /// - Parameters:
  ///   - method: Nil counts every method.
  ///   - path: What the path with its query has to begin with.
  func count(method: String?, path: String) -> (requests: Int, aborted: Int) {
    self.state.withLockedValue { state in
      var sum = (requests: 0, aborted: 0)
      for (key, tally) in state.tallies
      where (method == nil || method == key.method) && key.path.hasPrefix(path) {
        sum.requests += tally.requests
        sum.aborted += tally.aborted
      }
      return sum
    }
  }

  func clear() {
    self.state.withLockedValue { state in
      state.ring.removeAll()
      state.first = state.next
      state.tallies.removeAll()
    }
  }

  /// Does nothing for a request from before the log was cleared.
  private func note(_ ticket: Ticket, _ change: (inout RecordedRequest, inout Tally) -> Void) {
    self.state.withLockedValue { state in
      guard ticket.serial >= state.first else { return }
      var forgotten = RecordedRequest(
        method: "", path: "", status: nil, atMs: 0, isAborted: false)
      var tally = state.tallies[ticket.key] ?? Tally()
      if ticket.serial >= state.next - self.capacity {
        change(&state.ring[(ticket.serial - state.first) % self.capacity], &tally)
      } else {
        change(&forgotten, &tally)
      }
      state.tallies[ticket.key] = tally
    }
  }
}
