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

  private func refusal(
    _ reason: ErrorReason = .rateLimited, who id: String? = "billing",
    peer: PeerAddress? = PeerAddress(v4: 1)
  ) -> AuditEntry {
    var entry = self.entry(UserAPIError(reason, "no"), who: id)
    entry.peer = peer
    return entry
  }

  @Test func `who is refused again and again has few lines, which say how many calls there were`() {
    let log = self.log()
    for _ in 0..<100 { log.record(self.refusal()) }
    #expect(self.recorder.lines.count == 10)
    log.flush()
    #expect(self.recorder.lines.map { $0["count"] } == Array(repeating: nil, count: 10) + ["90"])
    log.flush()
    #expect(self.recorder.lines.count == 11)
    self.time.advance(by: .seconds(1))
    for _ in 0..<3 { log.record(self.refusal()) }
    log.flush()
    #expect(self.recorder.lines.suffix(2).map { $0["count"] } == [nil, "2"])
  }

  @Test func `callers, reasons and addresses are gathered apart`() {
    let log = self.log()
    let entries = [
      self.refusal(), self.refusal(who: "crm"), self.refusal(.scopeMissing),
      self.refusal(who: nil), self.refusal(who: nil, peer: PeerAddress(v4: 2)),
      self.refusal(who: nil, peer: nil), self.refusal(.tokenInvalid, who: nil),
      // Two whose names look alike.
      self.refusal(who: "jos\u{E9}"), self.refusal(who: "jose\u{301}"),
    ]
    for _ in 0..<20 { for entry in entries { log.record(entry) } }
    #expect(self.recorder.lines.count == 10 * entries.count)
    log.flush()
    let counted = self.recorder.lines.compactMap { $0["count"] }
    #expect(counted == Array(repeating: "10", count: entries.count))
  }

  @Test func `a caller is one, wherever the calls come from`() {
    let log = self.log()
    for address in 0..<20 { log.record(self.refusal(peer: PeerAddress(v4: UInt32(address)))) }
    #expect(self.recorder.lines.count == 10)
  }

  @Test func `changes are never gathered, failed ones neither`() {
    let log = self.log()
    let error = UserAPIError(.upstreamTimeout, "WAHA did not answer")
    for _ in 0..<50 {
      log.record(self.entry())
      log.record(self.entry(error))
    }
    #expect(self.recorder.lines.count == 100)
  }

  @Test func `however many are refused, what is gathered is bounded`() {
    let log = self.log()
    for address in 0..<5_000 {
      for _ in 0..<11 { log.record(self.refusal(who: nil, peer: PeerAddress(v4: UInt32(address)))) }
    }
    let lines = self.recorder.lines.count
    log.flush()
    let counts = self.recorder.lines.dropFirst(lines).compactMap { $0["count"].flatMap { Int($0) } }
    #expect(counts.count == 4_097)
    #expect(lines + counts.reduce(0, +) == 55_000)
    #expect(self.recorder.lines.last?["who"] == "many")
  }

  @Test func `in a log of text no value can be taken for another field`() {
    let log = AuditLog(
      logger: self.recorder.logger(), time: self.time.source, quotesValues: true)
    log.record(self.entry(who: #"bob"outcome=ok"#))
    let line = self.recorder.lines.first
    #expect(line?["who"] == #""service:bob\"outcome=ok""#)
    #expect(line?["proof"] == #""token tok_1""#)
    #expect(line?["for"] == "user:alice")
  }
}
