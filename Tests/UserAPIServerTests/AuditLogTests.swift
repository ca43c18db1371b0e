import AuthService
import Logging
import TestKit
import Testing
import UserAPI

@testable import UserAPIServer

@Suite struct AuditLogTests {
  private let recorder = LogRecorder()
  private let time = ManualTime()

  private func log() -> AuditLog {
    // Whatever is logged otherwise.
    AuditLog(logger: self.recorder.logger(level: .critical), time: self.time.source)
  }

  private func entry(_ error: UserAPIError? = nil, who id: String? = "billing") -> AuditEntry {
    AuditEntry(
      identity: id.map { Identity(id: $0, role: .service, proof: .token(id: "tok_1")) },
      userID: error == nil ? "alice" : nil, address: "127.0.0.1", procedure: .restartSession,
      sessionID: error == nil ? "id-1" : nil, error: error, requestID: "r-1")
  }

  @Test func `a change has who, for whom, what, which session, the outcome and the request`() {
    self.log().record(self.entry())
    #expect(self.recorder.lines.map(\.message) == ["change"])
    #expect(
      self.recorder.lines.first?.metadata == [
        "who": "service:billing", "proof": "token tok_1", "for": "user:alice",
        "procedure": "restartSession", "session": "id-1", "outcome": "ok", "request": "r-1",
        "address": "127.0.0.1",
      ])
  }

  @Test func `a refusal says why`() {
    self.log().record(self.entry(UserAPIError(.tokenExpired, "the token has expired"), who: nil))
    #expect(self.recorder.lines.map(\.message) == ["refused"])
    #expect(
      self.recorder.lines.first?.metadata == [
        "who": "nobody", "procedure": "restartSession", "outcome": "TOKEN_EXPIRED",
        "request": "r-1", "address": "127.0.0.1", "detail": "the token has expired",
      ])
  }

  @Test func `a change that failed is no refusal`() {
    self.log().record(self.entry(UserAPIError(.upstreamTimeout, "WAHA did not answer")))
    #expect(self.recorder.lines.map(\.message) == ["change"])
    #expect(self.recorder.lines.first?["outcome"] == "UPSTREAM_TIMEOUT")
  }

  @Test func `who calls too often has a line a second, which says how many calls there were`() {
    let log = self.log()
    let error = UserAPIError(.rateLimited, "the caller calls too often", retryAfter: .seconds(1))
    for _ in 0..<100 { log.record(self.entry(error)) }
    log.record(self.entry(error, who: "crm"))
    log.record(self.entry(error, who: nil))
    #expect(self.recorder.lines.map { $0["who"] } == ["service:billing", "service:crm", "nobody"])
    self.time.advance(by: .seconds(1))
    log.record(self.entry(error))
    #expect(self.recorder.lines.map { $0["count"] } == ["1", "1", "1", "100"])
    // Other refusals have a line each.
    let denied = UserAPIError(.scopeMissing, "the scope session:write is required")
    for _ in 0..<3 { log.record(self.entry(denied)) }
    #expect(self.recorder.lines.count == 7)
  }
}
