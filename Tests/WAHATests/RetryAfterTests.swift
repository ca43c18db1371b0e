import SessionService
import TestKit
import Testing
import UserAPI
import WAHA
import WAHASimulator

@Suite(.timeLimit(.minutes(10))) struct RetryAfterTests {
  /// What a server says, and what becomes of it.
  static let pauses: [(text: String, pause: Duration?)] = [
    ("7", .seconds(7)), ("600", .seconds(600)), ("601", .seconds(600)),
    ("Fri, 01 Jan 2100 00:00:00 GMT", .seconds(600)),
    ("0", nil), ("-5", nil), ("soon", nil), ("", nil), ("Wed, 21 Oct 2015 07:28:00 GMT", nil),
  ]

  @Test(arguments: pauses)
  func `how long to leave the account alone is said by who asks for it`(
    text: String, pause: Duration?
  ) async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(.status(429, retryAfter: text), path: "/api/s_test/groups"))
      let error = await Function.groups.failure(pair.waha, session)
      #expect(error?.reason == .upstreamRateLimited)
      #expect(error?.retryAfter == pause ?? .seconds(60))
    }
  }

  @Test(arguments: pauses)
  func `how long WAHA is away is said by who answers in its place`(
    text: String, pause: Duration?
  ) async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(.status(503, retryAfter: text)))
      let error = await Function.status.failure(pair.waha, session)
      #expect(error?.reason == .upstreamUnavailable)
      #expect(error?.retryAfter == pause)
    }
  }

  @Test(arguments: [500, 502, 504, 422, 200])
  func `of another status it means nothing`(status: Int) async throws {
    try await withWAHA { pair in
      let session = try await pair.session("WORKING")
      pair.server.addFault(Fault(.status(status, retryAfter: "7")))
      let error = await Function.status.failure(pair.waha, session)
      #expect(error != nil)
      #expect(error?.retryAfter == nil)
    }
  }
}
