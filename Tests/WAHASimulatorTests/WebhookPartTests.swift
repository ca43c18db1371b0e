import NIOCore
import Testing
import WAHASimulator

/// The parts of webhooks that are plain values.
@Suite struct WebhookPartTests {
  @Test func `a signature is what RFC 4231 says`() {
    let signature = WebhookKey("Jefe").signature(
      of: ByteBuffer(string: "what do ya want for nothing?"))
    #expect(
      signature
        == "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549"
        + "758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737")
  }

  @Test func `a hook and its key print nothing`() throws {
    let hook = try #require(
      Webhook([
        "url": "http://a/token", "events": ["*"], "hmac": ["key": "secret"],
        "customHeaders": [["name": "a", "value": "hidden"]],
      ]))
    var dumped = ""
    dump(hook, to: &dumped)
    dump(WebhookKey("secret"), to: &dumped)
    for text in ["\(hook)", String(reflecting: hook), "\(WebhookKey("secret"))", dumped] {
      for secret in ["secret", "token", "hidden"] { #expect(!text.contains(secret)) }
    }
  }

  @Test func `an id begins with its time`() {
    var random = SystemRandomNumberGenerator()
    let id = ULID(at: 1_469_918_176_385, using: &random)
    #expect(id.description.hasPrefix("01aryz6s41"))
    #expect(id.description.count == 26)
    #expect(ULID(at: 1_469_918_176_385, using: &random) != id)
  }

  @Test(arguments: [
    ("http://127.0.0.1:9090/webhooks/waha", "127.0.0.1", 9090, "127.0.0.1:9090", "/webhooks/waha"),
    ("HTTP://host", "host", 80, "host", "/"),
    ("http://host?a=b#c", "host", 80, "host", "/?a=b"),
    ("http://[::1]:8080/x", "::1", 8080, "[::1]:8080", "/x"),
    ("http://[::1]/x", "::1", 80, "[::1]", "/x"),
  ])
  func `a URL is taken apart`(
    url: String, host: String, port: Int, authority: String, path: String
  ) throws {
    let target = try #require(WebhookTarget(url))
    #expect(target.endpoint.host == host)
    #expect(target.endpoint.port == port)
    #expect(target.authority == authority)
    #expect(target.path == path)
  }

  @Test(arguments: [
    "https://host/", "http://", "http://:80/", "http://host:0/", "http://host:65536/",
    "http://host:x/", "http://user@host/", "http://ho st/", "http://host/\r\nX: y", "host",
  ])
  func `nothing can be sent to other URLs`(url: String) {
    #expect(WebhookTarget(url) == nil)
  }

  @Test func `a hook says how it is tried again, or does not`() throws {
    let silent = try #require(Webhook(["url": "http://a", "events": ["*"]]))
    #expect(silent.retries == WebhookRetries())
    #expect(silent.key == nil)
    let hook = try #require(
      Webhook([
        "url": "http://a", "events": ["*"],
        "retries": ["policy": "linear", "delaySeconds": .double(0.25), "attempts": 3],
      ]))
    #expect(hook.retries.policy == .linear)
    #expect(hook.retries.delay == .milliseconds(250))
    #expect(hook.retries.attempts == 3)
    #expect(Webhook(["url": "http://a"]) == nil)
    #expect(Webhook(["url": "http://a", "events": ["message"]]) == nil)
    #expect(Webhook(["events": ["*"]]) == nil)
  }

  @Test func `pauses stay, grow by steps, or double`() {
    var random = SystemRandomNumberGenerator()
    func pauses(_ policy: WebhookRetries.Policy, asked: Duration? = nil) -> [Duration] {
      var retries = WebhookRetries()
      retries.policy = policy
      return (1...3).map { retries.pause(before: $0, asked: asked, using: &random) }
    }
    #expect(pauses(.constant) == [.seconds(2), .seconds(2), .seconds(2)])
    #expect(pauses(.linear) == [.seconds(2), .seconds(4), .seconds(6)])
    for (pause, least) in zip(pauses(.exponential), [4, 8, 16]) {
      #expect((.seconds(least) ... .seconds(least) * 1.2).contains(pause))
    }
    #expect(pauses(.linear, asked: .seconds(5)) == [.seconds(5), .seconds(5), .seconds(6)])
    #expect(pauses(.constant, asked: .seconds(1_000_000))[0] == .seconds(3600))
  }
}
