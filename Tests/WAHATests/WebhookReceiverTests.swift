import NIOConcurrencyHelpers
import SessionService
import TestKit
import Testing
import UserAPI

@testable import WAHA

/// A receiver, what it announced, and its clock.
private struct Receiving {
  let receiver: WebhookReceiver
  let announced = Recorder<String>()
  let clock = NIOLockedValueBox(SignedWebhook.moment)

  init(_ change: (inout WebhookReceiver.Configuration) -> Void = { _ in }) throws {
    var configuration = WebhookReceiver.Configuration(
      secret: try #require(WebhookSecret(SignedWebhook.secret)))
    change(&configuration)
    self.receiver = WebhookReceiver(
      configuration: configuration, now: { [clock] in clock.withLockedValue { $0 } }
    ) { [announced] in announced.append($0) }
  }

  func receive(_ webhook: Webhook) -> WebhookOutcome { self.receiver.receive(webhook) }

  func wait(_ seconds: Int64, _ milliseconds: Int64 = 0) {
    self.clock.withLockedValue { $0 = $0.later(by: seconds, milliseconds) }
  }
}

@Suite struct WebhookReceiverTests {
  @Test func `a session's status is passed on, with the time that was signed`() throws {
    let receiving = try Receiving()
    receiving.wait(2)
    #expect(
      receiving.receive(SignedWebhook.make(timestamp: SignedWebhook.moment)) == .accepted)
    #expect(
      receiving.announced.values == ["s_test"])
  }

  @Test func `a status that only a newer WAHA knows is passed on`() throws {
    let receiving = try Receiving()
    let body = SignedWebhook.body(status: "PASSKEY_REQUIRED")
    #expect(receiving.receive(SignedWebhook.make(body)) == .accepted)
    #expect(receiving.announced.values == ["s_test"])
  }

  @Test func `what is forged is known before it is read, and makes nothing be remembered`() throws {
    let receiving = try Receiving()
    let genuine = SignedWebhook.make(requestID: "r1")
    var forged = genuine
    forged.hmac = SignedWebhook.hmac("another body")
    #expect(receiving.receive(forged) == .forged)
    #expect(receiving.receive(SignedWebhook.make("{", secret: "fedcba9876543210")) == .forged)
    #expect(receiving.announced.values.isEmpty)
    #expect(receiving.receive(genuine) == .accepted)
  }

  @Test(arguments: [
    "", "{", "[]", "null", "\"event\"", "{}", #"{"event":1}"#, #"{"event":null}"#,
    #"{"event":"session.status"}"#, #"{"event":"session.status","session":"s"}"#,
    #"{"event":"session.status","session":"s","payload":{}}"#,
    #"{"event":"session.status","session":"s","payload":"WORKING"}"#,
    #"{"event":"session.status","session":"s","payload":{"status":7}}"#,
    #"{"event":"session.status","session":"s","payload":{"status":""}}"#,
    #"{"event":"session.status","session":7,"payload":{"status":"WORKING"}}"#,
    #"{"event":"session.status","payload":{"status":"WORKING"}}"#,
    #"{"event":"session.status","id":7,"session":"s","payload":{"status":"WORKING"}}"#,
    #"{"event":"session.status","timestamp":"1","session":"s","payload":{"status":"WORKING"}}"#,
    #"{"event":"session.status","timestamp":1.5,"session":"s","payload":{"status":"WORKING"}}"#,
    #"{"event":"session.status","timestamp":-1,"session":"s","payload":{"status":"WORKING"}}"#,
    #"{"event":"session.status","session":"s","payload":{"status":"WORKING"}} x"#,
    #"{"event":"session.status","id":""# + String(repeating: "i", count: 129)
      + #"","session":"s","payload":{"status":"WORKING"}}"#,
    #"{"event":"x","y":"# + String(repeating: "[", count: 10_000),
  ])
  func `what is signed and makes no sense is refused`(body: String) throws {
    let receiving = try Receiving()
    #expect(receiving.receive(SignedWebhook.make(body)) == .malformed)
    #expect(receiving.announced.values.isEmpty)
  }

  @Test(arguments: [
    SignedWebhook.body(event: "message"), SignedWebhook.body(event: "state.change"),
    SignedWebhook.body(event: "session.status.v2"), SignedWebhook.body(session: "../server"),
    SignedWebhook.body(session: ""), SignedWebhook.body(session: String(repeating: "s", count: 55)),
    #"{"event":"message","timestamp":"yesterday","id":[],"payload":{"body":"\ud83d"}}"#,
    // Far back: another event's time does not matter.
    SignedWebhook.body(event: "message", at: Timestamp(millisecondsSinceEpoch: 1)),
    // Deeper than a message of the User API may nest.
    #"{"event":"message","payload":{"x":"# + String(repeating: "[", count: 60)
      + String(repeating: "]", count: 60) + "}}",
  ])
  func `other events, and sessions that cannot be ours, are ignored`(body: String) throws {
    let receiving = try Receiving()
    #expect(receiving.receive(SignedWebhook.make(body)) == .ignored)
    #expect(receiving.receive(SignedWebhook.make(body)) == .ignored)
    #expect(receiving.announced.values.isEmpty)
  }

  @Test func `every cut of a signed body is malformed, and none a surprise`() throws {
    let receiving = try Receiving()
    let body = SignedWebhook.body()
    for length in 0..<body.utf8.count {
      let cut = String(decoding: body.utf8.prefix(length), as: UTF8.self)
      #expect(receiving.receive(SignedWebhook.make(cut)) == .malformed)
    }
  }

  @Test func `the longest body is taken, and one byte more is not`() throws {
    let receiving = try Receiving()
    let body = SignedWebhook.body()
    let padding = String(repeating: " ", count: Webhook.maximumSize - body.utf8.count)
    #expect(receiving.receive(SignedWebhook.make(body + padding + " ")) == .malformed)
    #expect(receiving.receive(SignedWebhook.make(body + padding)) == .accepted)
  }

  // MARK: Time

  @Test(arguments: [
    (Int64(-300_001), WebhookOutcome.expired), (-300_000, .accepted), (0, .accepted),
    (60_000, .accepted), (60_001, .expired), (-1_769_850_300_000, .expired),
    (9_000_000_000_000_000, .expired),
  ])
  func `an event is taken for five minutes, and up to one before its time`(
    milliseconds: Int64, outcome: WebhookOutcome
  ) throws {
    let receiving = try Receiving()
    let body = SignedWebhook.body(at: SignedWebhook.moment.later(by: 0, milliseconds))
    #expect(receiving.receive(SignedWebhook.make(body)) == outcome)
    #expect(receiving.announced.values.count == (outcome == .accepted ? 1 : 0))
  }

  @Test func `a time beyond any clock expires`() throws {
    let receiving = try Receiving()
    let body = SignedWebhook.body().replacing(
      "\(SignedWebhook.moment.millisecondsSinceEpoch)", with: "1e300")
    #expect(receiving.receive(SignedWebhook.make(body)) == .expired)
  }

  @Test func `the header's time cannot make an old event young`() throws {
    let receiving = try Receiving()
    receiving.wait(301)
    let now = SignedWebhook.moment.later(by: 301)
    #expect(receiving.receive(SignedWebhook.make(timestamp: now)) == .expired)
    #expect(receiving.receive(SignedWebhook.make(timestamp: SignedWebhook.moment)) == .expired)
    #expect(receiving.announced.values.isEmpty)
  }

  @Test(arguments: [
    ("", WebhookOutcome.malformed), ("now", .malformed), ("-1", .malformed),
    ("1769850300000,1769850300000", .malformed), ("1", .expired),
    ("9223372036854775807", .expired),
  ])
  func `a header whose time is none, or far off, has the event refused`(
    header: String, outcome: WebhookOutcome
  ) throws {
    let receiving = try Receiving()
    var webhook = SignedWebhook.make()
    webhook.timestamp = header
    #expect(receiving.receive(webhook) == outcome)
    // WAHA may say when it sent it, and not when it happened.
    webhook.timestamp = "\(SignedWebhook.moment.later(by: 2).millisecondsSinceEpoch)"
    #expect(receiving.receive(webhook) == .accepted)
  }

  // MARK: Repetitions

  @Test func `an event is passed on once, whatever the request is called`() throws {
    let receiving = try Receiving()
    #expect(receiving.receive(SignedWebhook.make(requestID: "r1")) == .accepted)
    #expect(receiving.receive(SignedWebhook.make(requestID: "r1")) == .duplicate)
    #expect(receiving.receive(SignedWebhook.make(requestID: "r2")) == .duplicate)
    #expect(receiving.receive(SignedWebhook.make()) == .duplicate)
    receiving.wait(300)
    #expect(receiving.receive(SignedWebhook.make(requestID: "r3")) == .duplicate)
    receiving.wait(0, 1)
    #expect(receiving.receive(SignedWebhook.make(requestID: "r3")) == .expired)
    #expect(receiving.announced.values.count == 1)
  }

  @Test func `a request is passed on once, whatever the event`() throws {
    let receiving = try Receiving()
    #expect(receiving.receive(SignedWebhook.make(requestID: "r1")) == .accepted)
    let other = SignedWebhook.body(id: "evt_2")
    #expect(receiving.receive(SignedWebhook.make(other, requestID: "r1")) == .duplicate)
    // Which was not accepted, so its id is not remembered.
    #expect(receiving.receive(SignedWebhook.make(other, requestID: "r2")) == .accepted)
  }

  @Test func `what was refused may be tried again`() throws {
    let receiving = try Receiving()
    let ahead = SignedWebhook.body(at: SignedWebhook.moment.later(by: 61))
    #expect(receiving.receive(SignedWebhook.make(ahead, requestID: "r1")) == .expired)
    receiving.wait(2)
    #expect(receiving.receive(SignedWebhook.make(ahead, requestID: "r1")) == .accepted)
  }

  @Test func `an id of the request that makes no sense is no id`() throws {
    let receiving = try Receiving()
    for (index, id) in ["", String(repeating: "r", count: 129)].enumerated() {
      for part in 0..<2 {
        let body = SignedWebhook.body(id: "evt_\(index)_\(part)")
        #expect(receiving.receive(SignedWebhook.make(body, requestID: id)) == .accepted)
      }
    }
  }

  @Test func `events out of order are all passed on`() throws {
    let receiving = try Receiving()
    let times: [Int64] = [20, -10, 0]
    for (index, seconds) in times.enumerated() {
      let body = SignedWebhook.body(
        id: "evt_\(index)", at: SignedWebhook.moment.later(by: seconds))
      #expect(receiving.receive(SignedWebhook.make(body)) == .accepted)
    }
    #expect(receiving.announced.values.count == times.count)
  }

  // MARK: Servers before 2025.3

  @Test func `an event without time and id is taken once a second, each request once`() throws {
    let receiving = try Receiving()
    let body = SignedWebhook.body(id: nil, at: nil, status: "SCAN_QR_CODE")
    #expect(receiving.receive(SignedWebhook.make(body, requestID: "r1")) == .accepted)
    #expect(receiving.receive(SignedWebhook.make(body, requestID: "r2")) == .duplicate)
    receiving.wait(1, 1)
    #expect(receiving.receive(SignedWebhook.make(body, requestID: "r1")) == .duplicate)
    #expect(receiving.receive(SignedWebhook.make(body, requestID: "r2")) == .accepted)
    #expect(receiving.announced.values.count == 2)
  }

  @Test func `events without id that tell different things are different`() throws {
    let receiving = try Receiving()
    for status in ["STARTING", "SCAN_QR_CODE", "WORKING"] {
      let body = SignedWebhook.body(id: nil, at: nil, status: status)
      #expect(receiving.receive(SignedWebhook.make(body)) == .accepted)
    }
  }

  @Test func `an event with a time and no id is taken once`() throws {
    let receiving = try Receiving()
    let body = SignedWebhook.body(id: nil)
    #expect(receiving.receive(SignedWebhook.make(body)) == .accepted)
    receiving.wait(299)
    #expect(receiving.receive(SignedWebhook.make(body)) == .duplicate)
  }

  @Test func `an event with an id and no time is taken once in five minutes`() throws {
    let receiving = try Receiving()
    let webhook = SignedWebhook.make(SignedWebhook.body(at: nil))
    #expect(receiving.receive(webhook) == .accepted)
    receiving.wait(300)
    #expect(receiving.receive(webhook) == .duplicate)
  }

  // MARK: Bounds

  @Test func `what is remembered is bounded, and the oldest goes first`() throws {
    let receiving = try Receiving { $0.memoryCapacity = 4 }
    func event(_ number: Int) -> Webhook {
      SignedWebhook.make(SignedWebhook.body(id: "evt_\(number)"))
    }
    for number in 1...5 { #expect(receiving.receive(event(number)) == .accepted) }
    for number in 2...5 { #expect(receiving.receive(event(number)) == .duplicate) }
    // It has its session looked at once more, and no more than that.
    #expect(receiving.receive(event(1)) == .accepted)
    #expect(receiving.announced.values.count == 6)
  }

  @Test func `the memory holds no more than it may, and forgets what is over`() {
    var memory = WebhookMemory(capacity: 100)
    let start = SignedWebhook.moment
    for number in 0..<1_000 {
      let now = start.later(by: 0, Int64(number))
      memory.insert(.event("\(number)"), until: now.later(by: 10), at: now)
      #expect(memory.count <= 100)
      #expect(memory.contains(.event("\(number)"), at: now))
    }
    #expect(memory.count == 100)
    #expect(!memory.contains(.event("899"), at: start))
    #expect(memory.contains(.event("900"), at: start))
    let later = start.later(by: 60)
    #expect(!memory.contains(.event("999"), at: later))
    memory.insert(.request("r"), until: later.later(by: 1), at: later)
    #expect(memory.count == 1)
  }

  @Test func `what came anew is remembered for longer, and its first time ends nothing`() {
    var memory = WebhookMemory(capacity: 10)
    let start = SignedWebhook.moment
    memory.insert(.body([1]), until: start.later(by: 1), at: start)
    memory.insert(.body([1]), until: start.later(by: 5), at: start.later(by: 2))
    memory.insert(.body([2]), until: start.later(by: 9), at: start.later(by: 3))
    #expect(memory.contains(.body([1]), at: start.later(by: 5)))
    #expect(!memory.contains(.body([1]), at: start.later(by: 6)))
  }
}
