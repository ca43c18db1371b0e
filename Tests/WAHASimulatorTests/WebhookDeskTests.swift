import Testing
import WAHASimulator

/// Each test is a transcript: what the desk is told, and what it wants done.
@Suite struct WebhookDeskTests {
  private func delivery(
    _ status: String, session: String = "s", attempts: Int = 1, url: String = "http://a/b"
  ) throws -> Delivery {
    let hook = try #require(
      Webhook([
        "url": .string(url), "events": ["*"], "retries": ["attempts": .int(attempts)],
      ]))
    return Delivery(
      to: hook, eventID: "evt_\(status)", requestID: "r", session: session, status: status,
      atMs: 1)
  }

  @Test func `a delivery is sent, tried again after a pause, and given up`() throws {
    var desk = WebhookDesk()
    let delivery = try self.delivery("A")
    #expect(desk.accept(delivery) == [.send(delivery, serial: 0)])
    #expect(
      desk.ended(0, status: 500, pause: nil) == [.wait(.seconds(2), .delivery(0))])
    #expect(desk.pending == 1)
    #expect(desk.wake(.delivery(0)) == [.send(delivery, serial: 0)])
    #expect(desk.ended(0, status: nil, pause: nil) == [])
    #expect(desk.pending == 0)
    #expect(desk.counters == WebhookCounters(sent: 2, failed: 1, retried: 1))
    #expect(desk.records.map(\.state) == [.failed])
    #expect(desk.records.map(\.attempts) == [2])
    #expect(desk.records.map(\.lastStatus) == [nil])
  }

  @Test func `only so many are on their way, the others go in order`() throws {
    var limits = WebhookDesk.Limits()
    limits.inFlight = 1
    limits.pending = 3
    var desk = WebhookDesk(limits: limits)
    let deliveries = try ["A", "B", "C", "D"].map { try self.delivery($0) }
    #expect(desk.accept(deliveries[0]) == [.send(deliveries[0], serial: 0)])
    for delivery in deliveries[1...] { #expect(desk.accept(delivery) == []) }
    #expect(desk.records.map(\.state) == [.pending, .pending, .pending, .failed])
    #expect(desk.ended(0, status: 200, pause: nil) == [.send(deliveries[1], serial: 1)])
    #expect(desk.ended(1, status: 299, pause: nil) == [.send(deliveries[2], serial: 2)])
    #expect(desk.ended(2, status: 200, pause: nil) == [])
    #expect(desk.counters == WebhookCounters(sent: 3, delivered: 3, failed: 1))
  }

  @Test func `a held delivery goes when the next one has been tried`() throws {
    var desk = WebhookDesk()
    desk.steering.reorders = true
    let (first, second) = (try self.delivery("A"), try self.delivery("B"))
    let held = desk.accept(first)
    guard case .wait(WebhookSteering.longestHold, let wakeup)? = held.first else {
      Issue.record("not held: \(held)")
      return
    }
    let other = try self.delivery("A", session: "t")
    #expect(desk.accept(other).count == 1)
    #expect(desk.accept(second) == [.send(second, serial: 2)])
    #expect(
      desk.ended(2, status: 500, pause: nil) == [
        .wait(.seconds(2), .delivery(2)), .send(first, serial: 0),
      ])
    // Its own timer comes too late.
    #expect(desk.wake(wakeup) == [])
  }

  @Test func `a held delivery that none follows goes by itself`() throws {
    var desk = WebhookDesk()
    desk.steering.reorders = true
    let delivery = try self.delivery("A")
    guard case .wait(_, let wakeup)? = desk.accept(delivery).first else {
      Issue.record("not held")
      return
    }
    #expect(desk.wake(wakeup) == [.send(delivery, serial: 0)])
  }

  @Test func `deliveries are delayed, doubled and lost`() throws {
    var desk = WebhookDesk()
    desk.steering.delay = .seconds(3)
    desk.steering.duplicates = 1
    desk.steering.dropEvery = 2
    let delivery = try self.delivery("A")
    #expect(
      desk.accept(delivery) == [
        .wait(.seconds(3), .delivery(0)), .wait(.seconds(3), .delivery(1)),
      ])
    #expect(desk.accept(delivery) == [])
    #expect(desk.wake(.delivery(0)) == [.send(delivery, serial: 0)])
    #expect(desk.counters == WebhookCounters(sent: 1, dropped: 1))
    desk.steering.mode = .off
    #expect(desk.accept(delivery) == [])
    #expect(desk.records.count == 3)
  }

  @Test func `what nothing can be sent to fails at once`() throws {
    var desk = WebhookDesk()
    #expect(desk.accept(try self.delivery("A", url: "https://a/")) == [])
    #expect(desk.counters == WebhookCounters(failed: 1))
  }

  @Test func `the latest deliveries are remembered, and all are counted`() throws {
    var limits = WebhookDesk.Limits()
    limits.records = 2
    var desk = WebhookDesk(limits: limits)
    for status in ["A", "B", "C"] { _ = desk.accept(try self.delivery(status)) }
    #expect(desk.records.map(\.status) == ["B", "C"])
    _ = desk.ended(0, status: 200, pause: nil)
    #expect(desk.counters.delivered == 1)
    #expect(desk.records.map(\.state) == [.pending, .pending])
    desk.clear()
    #expect(desk.records == [])
    _ = desk.ended(1, status: 200, pause: nil)
    #expect(desk.counters == WebhookCounters())
    _ = desk.accept(try self.delivery("D"))
    #expect(desk.records.map(\.status) == ["D"])
    #expect(desk.pending == 2)
  }
}
