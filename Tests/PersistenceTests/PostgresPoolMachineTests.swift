import Testing

@testable import Persistence

@Suite struct PostgresPoolMachineTests {
  let start = ContinuousClock.now

  var never: ContinuousClock.Instant { self.start + .seconds(3_600) }

  func machine(connections: Int = 2, waiters: Int = 100) -> PostgresPoolMachine {
    var configuration = PostgresPoolMachine.Configuration()
    configuration.maxConnections = connections
    configuration.maxWaiters = waiters
    return PostgresPoolMachine(configuration: configuration)
  }

  /// A machine whose connection 1 is idle.
  func connected(connections: Int = 2) -> PostgresPoolMachine {
    var machine = self.machine(connections: connections)
    _ = machine.submit(1, until: self.never, at: self.start)
    _ = machine.connected(1, at: self.start)
    _ = machine.released(1, at: self.start)
    return machine
  }

  @Test func `a connection is made for whoever waits, and used again`() {
    var machine = self.machine()
    #expect(machine.submit(1, until: self.never, at: self.start) == [.connect(1)])
    #expect(machine.counts == .init(connecting: 1, waiting: 1))
    #expect(machine.connected(1, at: self.start) == [.start(1, on: 1)])
    #expect(machine.released(1, at: self.start) == [])
    #expect(machine.submit(2, until: self.never, at: self.start) == [.start(2, on: 1)])
    #expect(machine.counts == .init(leased: 1))
  }

  @Test func `there are never more than there may be, and who came first is first`() {
    var machine = self.machine()
    #expect(machine.submit(1, until: self.never, at: self.start) == [.connect(1)])
    #expect(machine.submit(2, until: self.never, at: self.start) == [.connect(2)])
    #expect(machine.submit(3, until: self.never, at: self.start) == [])
    #expect(machine.submit(4, until: self.never, at: self.start) == [])
    // Whichever connection is there first serves whoever was first.
    #expect(machine.connected(2, at: self.start) == [.start(1, on: 2)])
    #expect(machine.released(2, at: self.start) == [.start(2, on: 2)])
    #expect(machine.connected(1, at: self.start) == [.start(3, on: 1)])
    #expect(machine.released(1, at: self.start) == [.start(4, on: 1)])
    #expect(machine.counts == .init(leased: 2))
  }

  @Test func `of those that are idle the one that was used last is used next`() {
    var machine = self.machine()
    _ = machine.submit(1, until: self.never, at: self.start)
    _ = machine.submit(2, until: self.never, at: self.start)
    _ = machine.connected(1, at: self.start)
    _ = machine.connected(2, at: self.start)
    _ = machine.released(2, at: self.start)
    _ = machine.released(1, at: self.start)
    #expect(machine.submit(3, until: self.never, at: self.start) == [.start(3, on: 1)])
    #expect(machine.submit(4, until: self.never, at: self.start) == [.start(4, on: 2)])
  }

  @Test func `too many who wait are refused`() {
    var machine = self.machine(connections: 1, waiters: 2)
    _ = machine.submit(1, until: self.never, at: self.start)
    _ = machine.submit(2, until: self.never, at: self.start)
    #expect(machine.submit(3, until: self.never, at: self.start) == [.refuse(3, .full)])
    machine.withdraw(1)
    #expect(machine.submit(4, until: self.never, at: self.start) == [])
    #expect(machine.connected(1, at: self.start) == [.start(2, on: 1)])
    #expect(machine.released(1, at: self.start) == [.start(4, on: 1)])
  }

  @Test func `who leaves is not served, and a connection that was made for him is kept`() {
    var machine = self.machine()
    _ = machine.submit(1, until: self.never, at: self.start)
    machine.withdraw(1)
    #expect(machine.connected(1, at: self.start) == [])
    #expect(machine.counts == .init(idle: 1))
  }

  @Test func `nobody waits for longer than that, while others are at work`() {
    var machine = self.machine(connections: 1)
    let soon = self.start + .seconds(1)
    let later = self.start + .seconds(2)
    _ = machine.submit(1, until: self.never, at: self.start)
    _ = machine.connected(1, at: self.start)
    _ = machine.submit(2, until: later, at: self.start)
    _ = machine.submit(3, until: soon, at: self.start)
    #expect(machine.nextDeadline == soon)
    #expect(machine.expire(at: self.start, jitter: 1) == [])
    #expect(machine.expire(at: soon, jitter: 1) == [.refuse(3, .timedOut)])
    #expect(machine.nextDeadline == later)
    #expect(machine.expire(at: later, jitter: 1) == [.refuse(2, .timedOut)])
    #expect(!machine.isDown)
    #expect(machine.nextDeadline == nil)
  }

  @Test func `a server that is not there refuses all at once, and is tried again by itself`() {
    var machine = self.machine()
    _ = machine.submit(1, until: self.never, at: self.start)
    _ = machine.submit(2, until: self.never, at: self.start)
    _ = machine.submit(3, until: self.never, at: self.start)
    // The other may still succeed.
    #expect(machine.connectFailed(1, at: self.start, jitter: 1) == [])
    #expect(!machine.isDown)
    #expect(
      machine.connectFailed(2, at: self.start, jitter: 1)
        == [.refuse(1, .down), .refuse(2, .down), .refuse(3, .down)])
    #expect(machine.isDown)
    #expect(machine.submit(4, until: self.never, at: self.start) == [.refuse(4, .down)])
    let retry = self.start + .milliseconds(100)
    #expect(machine.nextDeadline == retry)
    #expect(machine.expire(at: self.start + .milliseconds(99), jitter: 1) == [])
    #expect(machine.expire(at: retry, jitter: 1) == [.connect(3)])
    // One finds out, and nobody waits for it.
    #expect(machine.expire(at: retry, jitter: 1) == [])
    #expect(machine.nextDeadline == retry + .seconds(60))
    #expect(machine.submit(5, until: self.never, at: retry) == [.refuse(5, .down)])
    #expect(machine.connected(3, at: retry) == [])
    #expect(!machine.isDown)
    #expect(machine.submit(6, until: self.never, at: retry) == [.start(6, on: 3)])
  }

  @Test func `the pauses double up to two seconds, and chance takes up to half of them`() {
    var machine = self.machine()
    _ = machine.submit(1, until: self.never, at: self.start)
    var now = self.start
    var id: UInt64 = 1
    for expected in [100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000] {
      for jitter in [0, 0.5] {
        var copy = machine
        _ = copy.connectFailed(id, at: now, jitter: jitter)
        #expect(copy.nextDeadline == now + .milliseconds(expected) * (0.5 + jitter / 2))
      }
      _ = machine.connectFailed(id, at: now, jitter: 1)
      now += .milliseconds(expected)
      #expect(machine.nextDeadline == now)
      id += 1
      #expect(machine.expire(at: now, jitter: 1) == [.connect(id)])
    }
    // Only a connection that lasts makes up for them.
    _ = machine.connected(id, at: now)
    _ = machine.submit(2, until: self.never, at: now)
    _ = machine.released(id, at: now)
    _ = machine.ended(id, at: now, jitter: 1)
    _ = machine.connectFailed(id + 1, at: now, jitter: 1)
    #expect(machine.nextDeadline == now + .milliseconds(100))
  }

  @Test func `a server that takes connections and drops them is tried ever more seldom`() {
    var machine = self.connected()
    // One that breaks in somebody's hands is no reason to wait.
    _ = machine.submit(2, until: self.never, at: self.start)
    #expect(machine.ended(1, at: self.start, jitter: 1) == [.connect(2)])
    var now = self.start
    var id: UInt64 = 2
    for expected in [100, 200, 400] {
      #expect(machine.connected(id, at: now) == [])
      #expect(machine.ended(id, at: now, jitter: 1) == [])
      #expect(machine.isDown)
      now += .milliseconds(expected)
      #expect(machine.nextDeadline == now)
      id += 1
      #expect(machine.expire(at: now, jitter: 1) == [.connect(id)])
    }
  }

  @Test func `the last connection that breaks is replaced before anybody asks`() {
    var machine = self.connected()
    #expect(machine.ended(1, at: self.start, jitter: 1) == [.connect(2)])
    // Whoever asks now waits for it.
    #expect(machine.submit(2, until: self.never, at: self.start) == [])
    #expect(machine.connected(2, at: self.start) == [.start(2, on: 2)])
  }

  @Test func `what breaks while others live is replaced when somebody waits`() {
    var machine = self.machine()
    _ = machine.submit(1, until: self.never, at: self.start)
    _ = machine.submit(2, until: self.never, at: self.start)
    _ = machine.connected(1, at: self.start)
    _ = machine.connected(2, at: self.start)
    _ = machine.released(1, at: self.start)
    _ = machine.released(2, at: self.start)
    #expect(machine.ended(1, at: self.start, jitter: 1) == [])
    _ = machine.submit(3, until: self.never, at: self.start)
    #expect(machine.submit(4, until: self.never, at: self.start) == [.connect(3)])
  }

  @Test func `no connection more is no harm while others serve`() {
    var machine = self.connected()
    _ = machine.submit(2, until: self.never, at: self.start)
    #expect(machine.submit(3, until: self.never, at: self.start) == [.connect(2)])
    #expect(machine.connectFailed(2, at: self.start, jitter: 1) == [])
    #expect(!machine.isDown)
    // It is not tried again with every caller.
    #expect(machine.submit(4, until: self.never, at: self.start) == [])
    #expect(machine.released(1, at: self.start) == [.start(3, on: 1)])
    #expect(machine.nextDeadline == self.start + .milliseconds(100))
    #expect(machine.expire(at: self.start + .milliseconds(100), jitter: 1) == [.connect(3)])
    // The last of those who served is gone, and nobody else is being made.
    #expect(
      machine.connectFailed(3, at: self.start + .milliseconds(100), jitter: 1) == [])
    #expect(
      machine.ended(1, at: self.start + .milliseconds(100), jitter: 1) == [.refuse(4, .down)])
  }

  @Test func `a server that has gone silent costs the idle connections too`() {
    var machine = self.machine(connections: 3)
    for id in 1...3 as ClosedRange<UInt64> {
      _ = machine.submit(id, until: self.never, at: self.start)
    }
    for id in 1...3 as ClosedRange<UInt64> { _ = machine.connected(id, at: self.start) }
    _ = machine.released(1, at: self.start)
    _ = machine.released(2, at: self.start)
    #expect(machine.suspect() == [.close(1), .close(2)])
    #expect(machine.suspect() == [])
    // As long as they are not closed, they count.
    #expect(machine.submit(4, until: self.never, at: self.start) == [])
    #expect(machine.ended(1, at: self.start, jitter: 1) == [.connect(4)])
    #expect(machine.ended(2, at: self.start, jitter: 1) == [])
    #expect(machine.connected(4, at: self.start) == [.start(4, on: 4)])
  }

  @Test func `an attempt that hangs is an outage once somebody has waited too long`() {
    var machine = self.machine()
    let soon = self.start + .seconds(1)
    _ = machine.submit(1, until: soon, at: self.start)
    _ = machine.submit(2, until: self.never, at: self.start)
    #expect(machine.expire(at: soon, jitter: 1) == [.refuse(1, .timedOut), .refuse(2, .down)])
    #expect(machine.isDown)
    #expect(machine.submit(3, until: self.never, at: soon) == [.refuse(3, .down)])
    #expect(machine.connected(1, at: soon) == [])
    #expect(machine.submit(4, until: self.never, at: soon) == [.start(4, on: 1)])
  }

  @Test func `who is served when it closes is let to end, and nobody else`() {
    var machine = self.machine()
    for id in 1...3 as ClosedRange<UInt64> {
      _ = machine.submit(id, until: self.never, at: self.start)
    }
    _ = machine.connected(1, at: self.start)
    let end = self.start + .seconds(3)
    #expect(
      machine.close(until: end) == [.refuse(2, .closed), .refuse(3, .closed), .close(2)])
    #expect(machine.submit(4, until: self.never, at: self.start) == [.refuse(4, .closed)])
    // It was made just then.
    #expect(machine.connected(2, at: self.start) == [])
    #expect(machine.ended(2, at: self.start, jitter: 1) == [])
    #expect(machine.released(1, at: self.start) == [.close(1)])
    #expect(!machine.isClosed)
    #expect(machine.ended(1, at: self.start, jitter: 1) == [.finish])
    #expect(machine.isClosed)
    #expect(machine.close(until: end) == [.finish])
  }

  @Test func `closing waits for nobody for ever`() {
    var machine = self.machine()
    _ = machine.submit(1, until: self.never, at: self.start)
    let end = self.start + .seconds(3)
    #expect(machine.close(until: end) == [.refuse(1, .closed), .close(1)])
    #expect(machine.nextDeadline == end)
    #expect(machine.expire(at: self.start, jitter: 1) == [])
    #expect(machine.expire(at: end, jitter: 1) == [.finish])
    // It comes when it comes.
    #expect(machine.connectFailed(1, at: end, jitter: 1) == [])
    #expect(machine.isClosed)
  }

  @Test func `a pool that was never used is closed at once`() {
    var machine = self.machine()
    #expect(machine.close(until: self.start) == [.finish])
  }

  @Test func `one that lasted is not held against the server when it ends`() {
    var machine = self.machine()
    _ = machine.submit(1, until: self.never, at: self.start)
    machine.withdraw(1)
    _ = machine.connected(1, at: self.start)
    // Nobody has ever had it.
    let late = self.start + .seconds(5)
    #expect(machine.ended(1, at: late, jitter: 1) == [.connect(2)])
    #expect(!machine.isDown)
    _ = machine.connected(2, at: late)
    #expect(machine.ended(2, at: late + .milliseconds(4_999), jitter: 1) == [])
    #expect(machine.isDown)
  }

  @Test func `what failed long ago says nothing of now`() {
    var machine = self.machine()
    _ = machine.submit(1, until: self.never, at: self.start)
    _ = machine.connected(1, at: self.start)
    #expect(machine.submit(2, until: self.never, at: self.start) == [.connect(2)])
    _ = machine.connectFailed(2, at: self.start, jitter: 1)
    #expect(machine.released(1, at: self.start) == [.start(2, on: 1)])
    _ = machine.released(1, at: self.start)
    let late = self.start + .seconds(3_000)
    #expect(machine.ended(1, at: late, jitter: 1) == [.connect(3)])
    #expect(!machine.isDown)
    #expect(machine.submit(3, until: self.never, at: late) == [])
    #expect(machine.connected(3, at: late) == [.start(3, on: 3)])
  }

  @Test func `one that is suspected while it is at work is closed after it`() {
    var machine = self.connected()
    #expect(machine.submit(2, until: self.never, at: self.start) == [.start(2, on: 1)])
    #expect(machine.submit(3, until: self.never, at: self.start) == [.connect(2)])
    #expect(machine.suspect() == [])
    #expect(machine.released(1, at: self.start) == [.close(1)])
    #expect(machine.connected(2, at: self.start) == [.start(3, on: 2)])
    // One that was made after it is not.
    #expect(machine.released(2, at: self.start) == [])
  }

  @Test func `attempts that tell nothing have failed after a minute`() {
    var machine = self.machine()
    #expect(machine.submit(1, until: self.never, at: self.start) == [.connect(1)])
    let end = self.start + .seconds(60)
    #expect(machine.nextDeadline == end)
    #expect(machine.expire(at: end, jitter: 1) == [.close(1), .refuse(1, .down)])
    let retry = end + .milliseconds(100)
    #expect(machine.nextDeadline == retry)
    #expect(machine.expire(at: retry, jitter: 1) == [.connect(2)])
    // It comes after all, and ends as it was told to.
    #expect(machine.connected(1, at: retry) == [])
    #expect(machine.ended(1, at: retry, jitter: 1) == [])
    #expect(machine.connected(2, at: retry) == [])
    #expect(!machine.isDown)
  }
}
