import Foundation
import NIOConcurrencyHelpers
import Testing

/// Live sessions: watchers, what they print, and what the simulator knows.
extension Deployment {
  /// What the webhooks of these tests are signed with.
  static let webhookSecret = "webhook-secret-of-the-tests"

  /// A watch at the terminal, whose output is not one, so that it prints JSON with the codes' text.
  func watch(_ name: String, token: String, after seq: Int? = nil) throws -> Program {
    try Program(
      "user-api",
      ["watch", "--session", name] + (seq.map { ["--after", "\($0)"] } ?? []),
      environment: ["USER_API_URL": self.url, "USER_API_TOKEN": token], in: self.folder)
  }

  /// A watch by a client that nobody here wrote.
  func foreignWatch(_ name: String, token: String) throws -> Program {
    try self.foreignStream(
      "watchSession", #"{"sessionName":"\#(name)","qrFormat":"text"}"#, token: token)
  }

  /// A streaming call by a client that nobody here wrote. Prints each envelope with the time when it
  /// came.
  func foreignStream(
    _ procedure: String, _ message: String, token: String
  ) throws -> Program {
    let script = """
      import json, sys, time, httpx
      url, token, message = sys.argv[1:]
      body = message.encode()
      headers = {"content-type": "application/connect+json", "authorization": "Bearer " + token}
      client = httpx.Client(http1=False, http2=True, trust_env=False, timeout=None)
      with client.stream("POST", url, headers=headers,
                         content=b"\\0" + len(body).to_bytes(4, "big") + body) as response:
          data = b""
          for part in response.iter_raw():
              data += part
              while len(data) >= 5:
                  end = 5 + int.from_bytes(data[1:5], "big")
                  if len(data) < end: break
                  print(json.dumps({"arrived": time.time_ns() // 1000000, "flags": data[0],
                                    "value": json.loads(data[5:end])}), flush=True)
                  data = data[end:]
      """
    return try Program(
      "/usr/bin/python3",
      [
        "-c", script, self.url + "/user.v1.User/" + procedure, token, message,
      ], in: self.folder)
  }

  func history(of name: String) async throws -> [LiveHistoryEntry] {
    let text = try await self.control("GET", "sessions/\(name)/history")
    return (JSON(text)?.items ?? []).compactMap(LiveHistoryEntry.init)
  }

  /// The sessions that WAHA has.
  func upstreamSessions() async throws -> [String] {
    let text = try await self.control("GET", "sessions")
    return (JSON(text)?.items ?? []).compactMap { $0["name"]?.text }
  }

  /// Posts to where WAHA's webhooks go.
  ///
  /// - Returns: The status of the answer.
  func postWebhook(_ body: String, hmac: String?) async throws -> Int {
    let run = try await Run(
      "curl",
      [
        "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@-", "-H",
        "content-type: application/json", self.adminURL + "/webhooks/waha",
      ] + (hmac.map { ["-H", "X-Webhook-Hmac: " + $0] } ?? []), in: self.folder, input: body)
    #expect(run.status == 0, "\(run.errors)")
    return Int(run.output) ?? 0
  }

  /// The signature of a webhook, made by another program than the one that checks it.
  func signature(of body: String, secret: String = webhookSecret) async throws -> String {
    let run = try await Run(
      "openssl", ["dgst", "-sha512", "-hmac", secret], in: self.folder, input: body)
    #expect(run.status == 0, "\(run.errors)")
    return run.output.split(whereSeparator: \.isWhitespace).last.map(String.init) ?? ""
  }
}

extension Program {
  /// The events that a watch at the terminal has printed.
  var events: [LiveEvent] {
    self.output.split(separator: "\n").compactMap { JSON(String($0)).flatMap(LiveEvent.init) }
  }

  /// What a foreign watch has printed: each event and when it came.
  var arrivals: [(event: LiveEvent, at: Int)] {
    self.output.split(separator: "\n").compactMap { line in
      guard let json = JSON(String(line)), case .number(let at)? = json["arrived"],
        let event = json["value"].flatMap(LiveEvent.init)
      else { return nil }
      return (event, Int(at))
    }
  }

  /// Waits for an event that it prints.
  func event(_ matches: @escaping @Sendable (LiveEvent) -> Bool) async throws {
    _ = try await self.line { JSON($0).flatMap(LiveEvent.init).map(matches) ?? false }
  }

  /// Waits until it has printed events with so many different codes.
  func codes(_ count: Int) async throws {
    let seen = NIOLockedValueBox<Set<String>>([])
    try await self.event { event in
      guard let code = event.code else { return false }
      return seen.withLockedValue {
        $0.insert(code)
        return $0.count >= count
      }
    }
  }
}

/// In milliseconds since 1970.
func wallClock() -> Int { Int(Date.now.timeIntervalSince1970 * 1_000) }
