import Testing
import UserAPI

@testable import user_api

@Suite struct WatchTests {
  private func event(_ status: String) -> SessionEvent {
    SessionEvent(
      seq: 1, at: Timestamp(millisecondsSinceEpoch: 0), sessionName: "s",
      status: SessionStatus(rawValue: status), reported: SessionStatus(rawValue: status))
  }

  @Test func `a status that is not WAHA's word is told with it`() {
    var event = self.event("UNKNOWN")
    event.reported = .working
    event.reason = .notVerified
    #expect(
      event.line == "1970-01-01T00:00:00.000Z  UNKNOWN  WAHA says WORKING  (NOT_VERIFIED)")
  }

  @Test func `a change is a line`() {
    #expect(self.event("WORKING").line == "1970-01-01T00:00:00.000Z  WORKING")
  }

  @Test func `a code is told by its number and its end, and not shown`() {
    var event = self.event("SCAN_QR_CODE")
    event.qr = "2@secret"
    #expect(event.line == "1970-01-01T00:00:00.000Z  SCAN_QR_CODE  code")
    event.attempt = 2
    event.attempts = 6
    event.expiresAt = Timestamp(millisecondsSinceEpoch: 20_000)
    #expect(
      event.line
        == "1970-01-01T00:00:00.000Z  SCAN_QR_CODE  code 2 of 6 until 1970-01-01T00:00:20.000Z")
  }

  @Test func `words of a server are made printable`() {
    var event = self.event("A\u{1B}[2J")
    event.reason = SessionEventReason(rawValue: "B\n")
    #expect(event.line == "1970-01-01T00:00:00.000Z  A[2J  (B )")
  }

  @Test func `only a server that was heard of is asked again, and only when it was lost`() throws {
    let lost = UserAPIError(.connectionFailed, "lost")
    var server = LostServer()
    #expect(throws: lost) { try server.pause(after: lost) }
    let stopping = UserAPIError(.serverStopping, "stopping")
    #expect(try server.pause(after: stopping) == .milliseconds(100))
    server.heard()
    #expect(try server.pause(after: lost) == .milliseconds(100))
    #expect(try server.pause(after: lost) == .milliseconds(200))
    server.heard()
    #expect(try server.pause(after: lost) == .milliseconds(100))
    let refused = UserAPIError(.tokenRevoked, "no")
    #expect(throws: refused) { try server.pause(after: refused) }
  }

  @Test func `behind a proxy a server that is lost ends its response too soon`() throws {
    let short = UserAPIError(.invalidResponse, "the response ended before its end envelope")
    var server = LostServer()
    // It has yet to show that it is one.
    #expect(throws: short) { try server.pause(after: short) }
    server.heard()
    #expect(try server.pause(after: short) == .milliseconds(100))
    #expect(try server.pause(after: short) == .milliseconds(200))
    #expect(LostServer.notice(of: short) == "connection lost, trying again")
  }

  @Test func `a server that asks to wait is asked again when it says`() throws {
    // Also when nothing was heard of it before: it will take the call.
    let limited = UserAPIError(.rateLimited, "slow down", retryAfter: .seconds(7))
    var server = LostServer()
    #expect(try server.pause(after: limited) == .seconds(7))
    server.heard()
    // Never more often than any other server, and never as rarely as it likes.
    let soon = UserAPIError(.rateLimited, "slow down", retryAfter: .milliseconds(1))
    #expect(try server.pause(after: soon) == .milliseconds(100))
    #expect(try server.pause(after: UserAPIError(.rateLimited, "slow down")) == .milliseconds(200))
    for time in [Duration.seconds(61), .milliseconds(Int64.max)] {
      let late = UserAPIError(.rateLimited, "slow down", retryAfter: time)
      #expect(try server.pause(after: late) == .seconds(60))
    }
    // Another limit is another matter.
    let throttled = UserAPIError(.upstreamRateLimited, "slow down", retryAfter: .seconds(1))
    #expect(throws: throttled) { try server.pause(after: throttled) }
  }

  @Test func `a server without keys is asked again once it was heard of`() throws {
    let keyless = UserAPIError(.keysUnavailable, "no keys", retryAfter: .seconds(3))
    var server = LostServer()
    #expect(throws: keyless) { try server.pause(after: keyless) }
    server.heard()
    #expect(try server.pause(after: keyless) == .seconds(3))
    #expect(
      try server.pause(after: UserAPIError(.keysUnavailable, "no keys")) == .milliseconds(200))
  }

  @Test(arguments: [
    (ErrorReason.connectionFailed, "connection lost, trying again"),
    (.serverStopping, "connection lost, trying again"),
    (.rateLimited, "too many calls, trying again"),
    (.keysUnavailable, "the server cannot answer now, trying again"),
  ])
  func `who looks on is told why the server is asked again`(reason: ErrorReason, text: String) {
    #expect(LostServer.notice(of: UserAPIError(reason, "text")) == text)
  }

  @Test func `a server that is lost is asked ever more rarely`() {
    var pause = Pause()
    let pauses = (0..<8).map { _ in pause.next() }
    #expect(pauses == [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000].map { .milliseconds($0) })
  }
}
