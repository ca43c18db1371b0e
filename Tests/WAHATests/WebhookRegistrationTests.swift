import Foundation
import SessionService
import Testing
import UserAPI
import WAHASimulator

@testable import WAHA

@Suite(.timeLimit(.minutes(10))) struct WebhookRegistrationTests {
  /// What WAHA has for the session's configuration.
  private func config(of session: OwnedSession, at waha: WAHAUpstream) async throws -> NSDictionary
  {
    let answer = try await waha.call(
      .status, .get, ["api", "sessions", session.name], timeout: .seconds(50))
    let view = try JSONSerialization.jsonObject(with: Data(answer.body)) as? NSDictionary
    return try #require(view?["config"] as? NSDictionary)
  }

  private func registration(_ url: String) throws -> WebhookRegistration {
    WebhookRegistration(
      url: try #require(WebhookURL(url)), secret: try #require(WebhookSecret("0123456789abcdef")))
  }

  @Test func `a session is made with the webhook that WAHA is to call`() async throws {
    let registration = try self.registration("http://user-api:9090")
    try await withWAHA(configure: { $0.webhook = registration }) { pair in
      let session = try await pair.session("WORKING")
      #expect(
        try await self.config(of: session, at: pair.waha) == [
          "noweb": ["store": ["enabled": true]],
          "webhooks": [
            [
              "url": "http://user-api:9090/webhooks/waha", "events": ["session.status"],
              "hmac": ["key": "0123456789abcdef"],
              "retries": ["policy": "constant", "delaySeconds": 2, "attempts": 15],
            ]
          ],
        ])
    }
  }

  @Test func `without a URL a session is made without webhooks`() async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      #expect(
        try await self.config(of: session, at: pair.waha) == [
          "noweb": ["store": ["enabled": true]]
        ])
    }
  }

  @Test func `a session that is there keeps its configuration`() async throws {
    let registration = try self.registration("http://user-api:9090")
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      let waha = try makeUpstream(
        port: pair.server.port, configure: { $0.webhook = registration })
      try await waha.create(session)
      #expect(try await self.config(of: session, at: waha)["webhooks"] == nil)
      #expect(pair.server.requestCount(method: "PUT").requests == 0)
    }
  }

  @Test(arguments: [
    ("http://host", "http://host/webhooks/waha"), ("https://host/", "https://host/webhooks/waha"),
    ("http://host:9090", "http://host:9090/webhooks/waha"),
    ("http://[::1]:9090/", "http://[::1]:9090/webhooks/waha"),
    ("http://host?a=b", "http://host/webhooks/waha?a=b"),
    ("https://proxy/hooks/7", "https://proxy/hooks/7"),
    ("https://proxy/hooks/?a=b/c", "https://proxy/hooks/?a=b/c"),
    ("http://host/webhooks/waha", "http://host/webhooks/waha"),
  ])
  func `a URL without a path gets the path of the admin port`(text: String, full: String) {
    #expect(WebhookURL(text)?.text == full)
  }

  @Test(arguments: [
    "", "host", "//host", "/webhooks/waha", "ftp://host", "http:/host", "http://", "http:///x",
    "http://?x", "http://:80", "http://host:", "http://host:0", "http://host:65536",
    "http://host:+80", "http://host:8a", "http://user:pass@host", "http://host/#x", "http://ho st",
    "http://host/a b", "http://host/\u{e9}", "http://[::1", "http://[]", "http://[::1]x",
    "http://[::g]", "http://ho%73t", "http://host/\n", "http://\\host",
    "http://host/" + String(repeating: "x", count: 2_048),
  ])
  func `what is no absolute URL is none`(text: String) {
    #expect(WebhookURL(text) == nil)
  }
}
