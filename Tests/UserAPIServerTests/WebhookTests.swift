import SessionService
import TestKit
import Testing
import UserAPI
import WAHA

@testable import UserAPIServer

@Suite(.timeLimit(.minutes(10))) struct WebhookTests {
  @Test func `a webhook with the right signature is passed on and answered`() async throws {
    try await WebhookPort.with { (port) async throws in
      let answer = try await port.exchange(WebhookPort.request(port.event("evt_1")))
      #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(answer.contains("\r\nconnection: close\r\n"))
      #expect(answer.hasSuffix("\r\n\r\nok\n"))
      #expect(
        port.announced.values == ["s_test"])
      #expect(port.count(.accepted) == "1")
    }
  }

  @Test func `a webhook without the right signature is told no more than that`() async throws {
    try await WebhookPort.with { (port) async throws in
      let body = port.event("evt_1")
      let digits = WebhookPort.hmac(body)
      for changes in [
        ["x-webhook-hmac": nil], ["x-webhook-hmac": ""],
        ["x-webhook-hmac": digits.dropLast() + "g"],
        ["x-webhook-hmac": WebhookPort.hmac(body + " ")], ["x-webhook-hmac-algorithm": "sha256"],
        ["x-webhook-hmac": "\(digits)\r\nx-webhook-hmac: \(digits)"],
      ] as [[String: String?]] {
        let answer = try await port.exchange(WebhookPort.request(body, changes))
        #expect(answer.hasPrefix("HTTP/1.1 401 "))
        #expect(answer.hasSuffix("\r\n\r\nthe signature is missing or wrong\n"))
      }
      // Nor is it told whether the body made sense.
      #expect(try await port.status(WebhookPort.request("{", ["x-webhook-hmac": digits])) == "401")
      #expect(port.announced.values.isEmpty)
      #expect(port.count(.forged) == "7")
    }
  }

  @Test func `forgeries have a line a minute in the log, which tells how many`() async throws {
    try await WebhookPort.with { (port) async throws in
      let forged = WebhookPort.request(port.event("evt_1"), ["x-webhook-hmac": "SECRET"])
      for _ in 0..<3 { #expect(try await port.status(forged) == "401") }
      port.time.advance(by: .seconds(60))
      #expect(try await port.status(forged) == "401")
      #expect(
        port.log.texts == [
          #"warning webhooks without the right signature were refused ["count": "1"]"#,
          #"warning webhooks without the right signature were refused ["count": "3"]"#,
        ])
    }
  }

  @Test func `what comes again is answered as before and does nothing`() async throws {
    try await WebhookPort.with { (port) async throws in
      let request = WebhookPort.request(port.event("evt_1"), ["x-webhook-request-id": "r1"])
      for _ in 0..<3 { #expect(try await port.status(request) == "200") }
      let other = WebhookPort.request(port.event("evt_2"), ["x-webhook-request-id": "r1"])
      #expect(try await port.status(other) == "200")
      #expect(port.announced.values.count == 1)
      #expect(port.count(.duplicate) == "3")
    }
  }

  @Test func `an event of another time, or that makes no sense, is refused`() async throws {
    try await WebhookPort.with { (port) async throws in
      let old = WebhookPort.request(port.event("evt_1"))
      port.time.advance(by: .seconds(301))
      let answer = try await port.exchange(old)
      #expect(answer.hasPrefix("HTTP/1.1 400 "))
      #expect(try await port.status(WebhookPort.request("{}")) == "400")
      #expect(try await port.status(WebhookPort.request("")) == "400")
      let disagreeing = WebhookPort.request(port.event("evt_2"), ["x-webhook-timestamp": "1"])
      #expect(try await port.status(disagreeing) == "400")
      #expect(port.announced.values.isEmpty)
      #expect(port.count(.expired) == "2")
      #expect(port.count(.malformed) == "2")
    }
  }

  @Test func `another event is answered and ignored`() async throws {
    try await WebhookPort.with { (port) async throws in
      #expect(try await port.status(WebhookPort.request(#"{"event":"message"}"#)) == "200")
      #expect(port.announced.values.isEmpty)
      #expect(port.count(.ignored) == "1")
    }
  }

  // MARK: Bodies

  private static func padded(_ body: String, to size: Int) -> String {
    body + String(repeating: " ", count: size - body.utf8.count)
  }

  @Test func `the longest body is taken, whole or in pieces`() async throws {
    try await WebhookPort.with { (port) async throws in
      let whole = Self.padded(port.event("evt_1"), to: Webhook.maximumSize)
      #expect(try await port.status(WebhookPort.request(whole)) == "200")
      let pieces = Self.padded(port.event("evt_2"), to: Webhook.maximumSize)
      #expect(try await port.status(Self.chunked(pieces)) == "200")
      #expect(port.announced.values.count == 2)
    }
  }

  @Test func `a body that says it is too long is refused before it comes`() async throws {
    try await WebhookPort.with { (port) async throws in
      let head = WebhookPort.request("", ["content-length": "\(Webhook.maximumSize + 1)"])
      #expect(try await port.status(head) == "413")
      let asking = WebhookPort.request(
        "", ["content-length": "99999999", "expect": "100-continue"])
      #expect(try await port.status(asking) == "413")
      #expect(port.count(.malformed) == "2")
    }
  }

  @Test func `a body that becomes too long is refused, and the answer arrives`() async throws {
    try await WebhookPort.with { (port) async throws in
      let body = Self.padded(port.event("evt_1"), to: Webhook.maximumSize + 1)
      #expect(try await port.status(Self.chunked(body)) == "413")
      // Much longer, and without an end.
      let endless = Self.chunked(Self.padded(port.event("evt_2"), to: 4 << 20)).dropLast(3)
      #expect(try await port.status(String(endless)) == "413")
      #expect(port.announced.values.isEmpty)
    }
  }

  @Test func `a client that waits for a word before the body gets it`() async throws {
    try await WebhookPort.with { (port) async throws in
      let request = WebhookPort.request(port.event("evt_1"), ["expect": "100-continue"])
      let end = try #require(request.firstRange(of: "\r\n\r\n")?.upperBound)
      let answer = try await port.exchange(
        String(request[..<end]), then: String(request[end...]))
      #expect(answer.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"))
      #expect(port.announced.values.count == 1)
    }
  }

  @Test func `what is no HTTP is told so, before a body and in it`() async throws {
    try await WebhookPort.with { (port) async throws in
      #expect(try await port.status("nonsense\r\n\r\n") == "400")
      let chunks = WebhookPort.request(
        "", ["content-length": nil, "transfer-encoding": "chunked"])
      #expect(try await port.status(chunks + "zz\r\n") == "400")
      // Behind an answer it cannot be told any more.
      let late = String(Self.chunked(Self.padded("", to: Webhook.maximumSize + 1)).dropLast(3))
      let answer = try await port.exchange(late, then: "zz\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 413 "))
      #expect(answer.hasSuffix("the body is too long\n"))
    }
  }

  /// A request whose length is not known before its end, which is three characters: `0` and two ends
  /// of a line.
  private static func chunked(_ body: String) -> String {
    var text = WebhookPort.request(
      body, ["content-length": nil, "transfer-encoding": "chunked"])
    text.removeLast(body.utf8.count)
    var rest = Substring(body)
    while !rest.isEmpty {
      let chunk = rest.prefix(50_000)
      text += String(chunk.utf8.count, radix: 16) + "\r\n" + chunk + "\r\n"
      rest = rest.dropFirst(chunk.count)
    }
    return text + "0\r\n\r\n"
  }

  // MARK: The port

  @Test(arguments: ["GET", "PUT", "DELETE", "OPTIONS"])
  func `another method is refused`(method: String) async throws {
    try await WebhookPort.with { (port) async throws in
      let answer = try await port.exchange(
        WebhookPort.request(port.event("evt_1"), method: method))
      #expect(answer.hasPrefix("HTTP/1.1 405 "))
      #expect(answer.contains("\r\nallow: POST\r\n"))
      #expect(port.announced.values.isEmpty)
    }
  }

  @Test func `where no webhooks are configured there is no such path`() async throws {
    try await WebhookPort.with(webhooks: false) { (port) async throws in
      #expect(try await port.status(WebhookPort.request(port.event("evt_1"))) == "404")
      let get = WebhookPort.request("", method: "GET")
      #expect(try await port.status(get) == "404")
    }
  }

  @Test func `a body that does not matter is not waited for`() async throws {
    try await WebhookPort.with { (port) async throws in
      let head = "POST /metrics HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nx"
      #expect(try await port.status(head) == "405")
    }
  }

  @Test func `two thousand webhooks at once are all answered, and so are probes`() async throws {
    _ = OpenFileLimit.raise()
    try await WebhookPort.with { (port) async throws in
      let statuses = try await withThrowingTaskGroup(of: String.self) { group in
        for number in 0..<2_000 {
          let request = WebhookPort.request(
            port.event("evt_\(number)", session: "s_\(number)"))
          group.addTask { try await port.status(request) }
          if number.isMultiple(of: 100) {
            group.addTask {
              try await port.status("GET /livez HTTP/1.1\r\nhost: user-api\r\n\r\n")
            }
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.count { $0 == "200" } == 2_020)
      #expect(Set(port.announced.values).count == 2_000)
      #expect(port.announced.values.count == 2_000)
    }
  }
}
