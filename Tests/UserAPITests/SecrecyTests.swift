import Testing
import UserAPI

@Suite struct SecrecyTests {
  /// Every way in which a value gets into a log by accident.
  private func printed<Value>(_ value: Value) -> [String] {
    var texts = [String(describing: value), String(reflecting: value), "\(value)"]
    var dumped = ""
    dump(value, to: &dumped)
    texts.append(dumped)
    var debugged = ""
    debugPrint(value, to: &debugged)
    texts.append(debugged)
    func walk(_ value: Any, depth: Int) {
      guard depth < 8 else { return }
      for child in Mirror(reflecting: value).children {
        texts.append("\(child.value)")
        walk(child.value, depth: depth + 1)
      }
    }
    walk(value, depth: 0)
    return texts
  }

  private func isSecret<Value>(_ value: Value, _ secret: String) -> Bool {
    let holders: [[String]] = [
      self.printed(value), self.printed([value]), self.printed(["key": value]),
      self.printed(Optional(value)), self.printed((value, 1)), self.printed(value as Any),
      self.printed(Result<Value, UserAPIError>.success(value)),
    ]
    return !holders.joined().contains { $0.contains(secret) }
  }

  @Test func `a code in an event is never printed`() {
    let event = SessionEvent(
      seq: 1, at: Timestamp(millisecondsSinceEpoch: 0), sessionName: "s", status: .scanQRCode,
      reported: .scanQRCode, qr: "2@code-of-a-session", pairingCode: "ABCD-EFGH")
    #expect(self.isSecret(event, "code-of"))
    #expect(self.isSecret(event, "ABCD"))
    #expect("\(event)" == "SessionEvent(1, s, SCAN_QR_CODE)")
  }

  @Test func `a phone number is never printed`() throws {
    let number = try #require(PhoneNumber("+15551234567"))
    #expect("\(number)" == "<redacted>")
    #expect(self.isSecret(number, "555123"))
    #expect(self.isSecret(UpdateSessionPhoneRequest(id: "i", phoneNumber: number), "555123"))
    #expect(self.isSecret(LinkSessionRequest(phoneNumber: number), "555123"))
  }

  @Test func `a QR code is never printed`() {
    let code = SessionQRCode(qr: "SECRET")
    #expect("\(code)" == "<redacted>")
    #expect(self.isSecret(code, "SECRET"))
  }

  @Test func `the phone number of a session is never printed`() {
    let moment = Timestamp(millisecondsSinceEpoch: 0)
    let session = WhatsAppSession(
      id: "i", sessionName: "s", phoneNumber: "+15551234567", userId: "u", createdAt: moment,
      updatedAt: moment, groups: [])
    #expect(self.isSecret(session, "555123"))
  }

  @Test func `people in a list of contacts are never printed`() {
    let page = ContactPage(
      items: [.init(groupId: "15551234567@c.us", groupName: "+15551234567", number: "15551234567")])
    #expect(self.isSecret(page, "555123"))
  }

  @Test func `the test notices what is printed`() {
    #expect(!self.isSecret(SessionRequest(sessionName: "SECRET"), "SECRET"))
  }
}
