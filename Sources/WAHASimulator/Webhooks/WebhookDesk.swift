internal import DequeModule

/// Decides what becomes of each delivery. Never asks for the time and holds no socket: what is to
/// be done is in the actions it gives.
package struct WebhookDesk: Sendable {
  package struct Limits: Sendable {
    /// Requests on their way at a time. Default: 256.
    package var inFlight = 256
    /// Deliveries that are neither delivered nor given up; further ones fail. Default: 100,000.
    package var pending = 100_000
    /// Deliveries that are remembered: the latest. Default: 10,000.
    package var records = 10_000

    package init() {}
  }

  package enum Action: Sendable, Equatable {
    /// To be sent; `ended` takes what came of it.
    case send(Delivery, serial: Int)
    /// `wake` is to be told after this time.
    case wait(Duration, Wakeup)
  }

  package enum Wakeup: Sendable, Equatable {
    case delivery(Int)
    case held(Hold, first: Int)
  }

  /// Whose events are held back together.
  package struct Hold: Sendable, Hashable {
    var session: String
    var url: WebhookTarget.Endpoint
    var path: String
  }

  private struct Entry {
    var delivery: Delivery
    var attempts = 0
    /// Deliveries that wait for its first try.
    var followers: [Int] = []
  }

  package var steering = WebhookSteering()
  package private(set) var counters = WebhookCounters()
  private let limits: Limits
  private var entries: [Int: Entry] = [:]
  private var ready = Deque<Int>()
  private var held: [Hold: [Int]] = [:]
  private var inFlight = 0
  /// Counts those that could be sent, to lose every so many-th.
  private var offered = 0
  /// A ring: the delivery with serial n stands at n modulo its capacity.
  private var ring: [DeliveryRecord] = []
  /// The serial of the oldest delivery since the counters were cleared.
  private var first = 0
  private var next = 0
  private var random: SplitMix64

  /// - Parameter seed: Of the chance in exponential pauses.
  package init(limits: Limits = Limits(), seed: UInt64 = 0) {
    self.limits = limits
    self.random = SplitMix64(seed: seed)
  }

  /// Deliveries that are neither delivered nor given up.
  package var pending: Int { self.entries.count }

  /// The latest deliveries, the oldest first.
  package var records: [DeliveryRecord] {
    let oldest = max(self.first, self.next - self.limits.records)
    return (oldest..<self.next).map { self.ring[($0 - self.first) % self.limits.records] }
  }

  /// Forgets the records and begins to count anew. What is pending goes on, uncounted.
  package mutating func clear() {
    self.ring.removeAll()
    self.first = self.next
    self.counters = WebhookCounters()
  }

  package mutating func accept(_ delivery: Delivery) -> [Action] {
    guard self.steering.mode == .normal else { return [] }
    self.offered += 1
    if self.steering.dropEvery > 0, self.offered.isMultiple(of: self.steering.dropEvery) {
      self.end(self.record(delivery), as: .dropped)
      return []
    }
    let copies = 1 + self.steering.duplicates
    guard let target = delivery.hook.target,
      self.entries.count + copies <= self.limits.pending
    else {
      self.end(self.record(delivery), as: .failed)
      return []
    }
    let serials = (0..<copies).map { _ in
      let serial = self.record(delivery)
      self.entries[serial] = Entry(delivery: delivery)
      return serial
    }
    let hold = Hold(session: delivery.session, url: target.endpoint, path: target.path)
    if let earlier = self.held.removeValue(forKey: hold) {
      self.entries[serials[0]]?.followers = earlier
    } else if self.steering.reorders {
      self.held[hold] = serials
      return [.wait(WebhookSteering.longestHold, .held(hold, first: serials[0]))]
    }
    return self.begin(serials)
  }

  package mutating func wake(_ wakeup: Wakeup) -> [Action] {
    switch wakeup {
    case .delivery(let serial):
      self.ready.append(serial)
      return self.sendReady()
    case .held(let hold, let first):
      // Another may be held by now, when this one has gone behind its follower.
      guard self.held[hold]?.first == first, let serials = self.held.removeValue(forKey: hold)
      else { return [] }
      return self.begin(serials)
    }
  }

  /// A try has ended.
  /// - Parameters:
  ///   - status: What it was answered; nil when it was not.
  ///   - pause: What the receiver asked for.
  package mutating func ended(_ serial: Int, status: Int?, pause: Duration?) -> [Action] {
    guard var entry = self.entries[serial] else {
      preconditionFailure("a delivery ended that was not sent")
    }
    self.inFlight -= 1
    self.ready.append(contentsOf: entry.followers)
    entry.followers = []
    self.note(serial) { record, _ in record.lastStatus = status }
    var actions: [Action] = []
    if let status, (200...299).contains(status) {
      self.entries[serial] = nil
      self.end(serial, as: .delivered)
    } else if entry.attempts > entry.delivery.hook.retries.attempts {
      self.entries[serial] = nil
      self.end(serial, as: .failed)
    } else {
      self.entries[serial] = entry
      let pause = entry.delivery.hook.retries.pause(
        before: entry.attempts, asked: pause, using: &self.random)
      actions.append(.wait(pause, .delivery(serial)))
    }
    return actions + self.sendReady()
  }

  private mutating func begin(_ serials: [Int]) -> [Action] {
    guard self.steering.delay == .zero else {
      return serials.map { .wait(self.steering.delay, .delivery($0)) }
    }
    self.ready.append(contentsOf: serials)
    return self.sendReady()
  }

  private mutating func sendReady() -> [Action] {
    var actions: [Action] = []
    while self.inFlight < self.limits.inFlight, let serial = self.ready.popFirst() {
      guard var entry = self.entries[serial] else {
        preconditionFailure("a delivery is ready that is not pending")
      }
      self.inFlight += 1
      entry.attempts += 1
      self.entries[serial] = entry
      self.note(serial) { record, counters in
        record.attempts = entry.attempts
        counters.sent += 1
        if entry.attempts > 1 { counters.retried += 1 }
      }
      actions.append(.send(entry.delivery, serial: serial))
    }
    return actions
  }

  // MARK: Records

  private mutating func record(_ delivery: Delivery) -> Int {
    let serial = self.next
    self.next += 1
    let place = (serial - self.first) % self.limits.records
    if place < self.ring.count {
      self.ring[place] = DeliveryRecord(delivery)
    } else {
      self.ring.append(DeliveryRecord(delivery))
    }
    return serial
  }

  private mutating func end(_ serial: Int, as state: DeliveryRecord.State) {
    self.note(serial) { record, counters in
      record.state = state
      switch state {
      case .pending: break
      case .delivered: counters.delivered += 1
      case .failed: counters.failed += 1
      case .dropped: counters.dropped += 1
      }
    }
  }

  /// Counts what became of a delivery, and notes it where it is still remembered. Does nothing for
  /// one from before the counters were cleared.
  private mutating func note(
    _ serial: Int, _ change: (inout DeliveryRecord, inout WebhookCounters) -> Void
  ) {
    guard serial >= self.first else { return }
    let place = (serial - self.first) % self.limits.records
    // Counts, but is remembered no longer.
    var forgotten = self.ring[place]
    if serial >= self.next - self.limits.records {
      change(&self.ring[place], &self.counters)
    } else {
      change(&forgotten, &self.counters)
    }
  }
}
