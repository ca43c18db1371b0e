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

  @Test func `a server that is lost is asked ever more rarely`() {
    var pause = Pause()
    let pauses = (0..<8).map { _ in pause.next() }
    #expect(pauses == [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000].map { .milliseconds($0) })
  }
}
