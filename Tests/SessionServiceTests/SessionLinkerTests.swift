import TestKit
import Testing
import UserAPI

@testable import SessionService

@Suite struct SessionLinkerTests {
  /// A linker and what its session's events are numbered by.
  private struct Script {
    var linker: SessionLinker
    var sequence = 10

    init(phoneNumber: PhoneNumber? = nil) {
      self.linker = SessionLinker(phoneNumber: phoneNumber)
    }

    mutating func saw(
      _ status: SessionStatus, reported: SessionStatus? = nil, code: ShownCode? = nil
    ) -> WatchEvent {
      self.sequence += 10
      return self.linker.saw(
        WatchEvent(
          sequence: self.sequence, at: Timestamp(millisecondsSinceEpoch: 0), status: status,
          reported: reported ?? status, code: code))
    }

    mutating func asked(
      _ answer: Result<PairingCode, UserAPIError>, at milliseconds: Int64 = 0
    ) -> WatchEvent? {
      self.linker.asked(answer, at: Timestamp(millisecondsSinceEpoch: milliseconds))
    }

    /// The reason why it ended; nil when it did not, or well.
    var failure: ErrorReason? {
      switch self.linker.step {
      case .end(let error): error?.reason
      case .doubt(let error, _): error.reason
      case .watch, .ask: nil
      }
    }
  }

  private static func code(_ attempt: Int, expires: Int64? = nil) -> ShownCode {
    ShownCode(
      code: QRCode(text: "2@\(attempt)", picture: []),
      expiresAt: expires.map(Timestamp.init(millisecondsSinceEpoch:)), attempt: attempt)
  }

  private let pairingCode: PairingCode

  init() throws {
    self.pairingCode = try #require(PairingCode("ABCD-EFGH"))
  }

  @Test func `a session that works is told of and is the end`() {
    var script = Script()
    #expect(script.saw(.starting).status == .starting)
    #expect(script.linker.step == .watch)
    #expect(script.saw(.working).status == .working)
    #expect(script.linker.step == .end(nil))
  }

  @Test func `codes that nobody scanned are told apart from a session that failed`() {
    var script = Script()
    _ = script.saw(.scanQRCode, code: Self.code(6))
    #expect(script.saw(.failed).status == .failed)
    #expect(script.failure == .qrCodesUsedUp)
    script = Script()
    _ = script.saw(.starting)
    #expect(script.saw(.failed).status == .failed)
    #expect(script.failure == .linkFailed)
    script = Script()
    _ = script.saw(.failed)
    #expect(script.failure == .linkFailed)
  }

  @Test func `a session that fails behind its scan has used up nothing`() {
    var script = Script()
    _ = script.saw(.scanQRCode, code: Self.code(2))
    _ = script.saw(.starting)
    _ = script.saw(.failed)
    #expect(script.failure == .linkFailed)
    script = Script()
    _ = script.saw(.scanQRCode, code: Self.code(2))
    // It was scanned, and is about to be seen to work.
    _ = script.saw(.scanQRCode, reported: .working)
    _ = script.saw(.failed)
    #expect(script.failure == .linkFailed)
  }

  @Test func `a session that fails has a moment to come up by itself`() {
    var script = Script()
    _ = script.saw(.starting)
    _ = script.saw(.failed)
    guard case .doubt(_, .seconds(3)) = script.linker.step else {
      Issue.record("it is over at once")
      return
    }
    _ = script.saw(.starting)
    #expect(script.linker.step == .watch)
    _ = script.saw(.working)
    #expect(script.linker.step == .end(nil))
  }

  @Test func `a session that fails with its first code has not used them up`() {
    var script = Script()
    _ = script.saw(.scanQRCode, code: Self.code(1))
    _ = script.saw(.failed)
    #expect(script.failure == .linkFailed)
  }

  @Test func `a session that only WAHA calls working is not waited for until the deadline`() {
    var script = Script()
    _ = script.saw(.unknown, reported: .working)
    guard case .doubt(let error, .seconds(15)) = script.linker.step else {
      Issue.record("it is waited for")
      return
    }
    #expect(error.reason == .linkFailed)
  }

  @Test(arguments: [SessionStatus.stopped, .unknown, SessionStatus(rawValue: "PASSKEY_REQUIRED")])
  func `any other status is told and waited out`(status: SessionStatus) {
    var script = Script()
    #expect(script.saw(status).status == status)
    #expect(script.linker.step == .watch)
  }

  @Test func `a logout is a failure`() {
    var script = Script()
    _ = script.saw(.starting)
    script.linker.sessionEnded()
    #expect(script.failure == .sessionMissingUpstream)
  }

  @Test func `without a phone number no code to type is asked for`() {
    var script = Script()
    _ = script.saw(.scanQRCode, code: Self.code(1))
    #expect(script.linker.step == .watch)
  }

  @Test func `a code to type is asked for once in a wait for a scan, and stays`() {
    var script = Script(phoneNumber: samplePhoneNumber)
    _ = script.saw(.starting)
    #expect(script.linker.step == .watch)
    let first = script.saw(.scanQRCode, code: Self.code(1))
    #expect(first.pairingCode == nil)
    #expect(script.linker.step == .ask(samplePhoneNumber))
    let told = script.asked(.success(self.pairingCode))
    #expect(told?.pairingCode == self.pairingCode)
    #expect(told?.code == first.code)
    #expect(told?.sequence == first.sequence + 1)
    let second = script.saw(.scanQRCode, code: Self.code(2))
    #expect(second.pairingCode == self.pairingCode)
    #expect(second.code == Self.code(2))
    #expect(script.linker.step == .watch)
    #expect(script.saw(.starting).pairingCode == nil)
  }

  @Test func `another wait for a scan has another code to type`() {
    var script = Script(phoneNumber: samplePhoneNumber)
    _ = script.saw(.scanQRCode, code: Self.code(2))
    _ = script.asked(.success(self.pairingCode))
    _ = script.saw(.starting)
    #expect(script.saw(.scanQRCode, code: Self.code(1)).pairingCode == nil)
    #expect(script.linker.step == .ask(samplePhoneNumber))
    _ = script.asked(.success(self.pairingCode))
    _ = script.saw(.scanQRCode, code: Self.code(2))
    // It was away for so short a time that nobody saw it.
    #expect(script.saw(.scanQRCode, code: Self.code(1)).pairingCode == nil)
    #expect(script.linker.step == .ask(samplePhoneNumber))
  }

  @Test func `a code to type that is refused leaves the codes to scan`() {
    var script = Script(phoneNumber: samplePhoneNumber)
    _ = script.saw(.scanQRCode, code: Self.code(1))
    let told = script.asked(.failure(.unreachable))
    #expect(told?.reason == .pairingCodeRefused)
    #expect(told?.code == Self.code(1))
    #expect(script.linker.step == .watch)
    let next = script.saw(.scanQRCode, code: Self.code(2))
    #expect(next.reason == .pairingCodeRefused)
    #expect(script.linker.step == .watch)
    #expect(script.saw(.working).reason == nil)
  }

  @Test func `a session that went on meanwhile is told of by its next event`() {
    var script = Script(phoneNumber: samplePhoneNumber)
    _ = script.saw(.scanQRCode, code: Self.code(1))
    let told = script.asked(.failure(UserAPIError(.sessionNotAwaitingScan, "")))
    #expect(told == nil)
    #expect(script.linker.step == .watch)
    #expect(script.saw(.working).status == .working)
    #expect(script.linker.step == .end(nil))
  }

  @Test func `a code to scan that has expired meanwhile is not told again`() {
    var script = Script(phoneNumber: samplePhoneNumber)
    _ = script.saw(.scanQRCode, code: Self.code(1, expires: 1_000))
    let told = script.asked(.success(self.pairingCode), at: 1_000)
    #expect(told?.code == nil)
    #expect(told?.pairingCode == self.pairingCode)
  }

  @Test func `events are numbered ever higher`() {
    var script = Script(phoneNumber: samplePhoneNumber)
    let first = script.saw(.scanQRCode, code: Self.code(1))
    script.sequence -= 9
    let second = script.asked(.success(self.pairingCode))
    let third = script.saw(.working)
    #expect(first.sequence < second?.sequence ?? 0)
    #expect(second?.sequence ?? 0 < third.sequence)
  }

  @Test(arguments: ["", "AB CD", "AB\u{1B}[2J", "é", String(repeating: "A", count: 33)])
  func `what nobody could type is no code`(text: String) {
    #expect(PairingCode(text) == nil)
  }

  @Test func `a code to type prints as nothing`() {
    var dumped = ""
    dump(self.pairingCode, to: &dumped)
    #expect("\(self.pairingCode)" == "<redacted>")
    #expect(!dumped.contains("ABCD"))
  }
}
