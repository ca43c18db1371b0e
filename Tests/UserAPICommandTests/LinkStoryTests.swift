import Testing
import UserAPI

@testable import user_api

@Suite struct LinkStoryTests {
  private static let size = TerminalSize(columns: 100, rows: 50)

  /// A story and the clocks that it is told by.
  private struct Script {
    var story = LinkStory()
    var now = ContinuousClock.now
    var wallClock = Timestamp(millisecondsSinceEpoch: 1_000_000)

    mutating func received(
      _ status: SessionStatus, reported: SessionStatus? = nil, qr: String? = nil,
      lasts seconds: Int64? = nil, attempt: Int? = nil, pairingCode: String? = nil,
      reason: SessionEventReason? = nil
    ) {
      self.story.received(
        SessionEvent(
          seq: 1, at: self.wallClock, sessionName: "s", status: status,
          reported: reported ?? status, reason: reason, qr: qr,
          expiresAt: seconds.map {
            Timestamp(
              millisecondsSinceEpoch: self.wallClock.millisecondsSinceEpoch + $0 * 1_000)
          }, attempt: attempt, attempts: attempt.map { _ in 6 }, pairingCode: pairingCode),
        at: self.now, self.wallClock)
    }

    mutating func advance(by duration: Duration) {
      self.now += duration
      self.wallClock.millisecondsSinceEpoch += Int64(duration / .milliseconds(1))
    }

    func lines(on size: TerminalSize = LinkStoryTests.size) -> [String] {
      self.story.lines(at: self.now, on: size)
    }

    /// What is under the code.
    var status: String? { self.lines().last }

    var showsCode: Bool { self.lines().contains { $0.contains("\u{2580}") } }
  }

  @Test func `a code is shown as it is drawn elsewhere, with how to scan it`() throws {
    var script = Script()
    script.received(.scanQRCode, qr: "2@a", lasts: 17, attempt: 2)
    let matrix = try #require(QRMatrix(saying: "2@a"))
    #expect(
      script.lines()
        == ["Scan this with WhatsApp on the phone: Linked devices > Link a device.", ""]
        + matrix.drawing.split(separator: "\n").map(String.init)
        + ["", "code 2 of 6, 17 s left"])
  }

  @Test func `the seconds of a code are counted down until it is over`() {
    var script = Script()
    script.received(.scanQRCode, qr: "2@a", lasts: 3, attempt: 1)
    script.advance(by: .milliseconds(900))
    #expect(script.status == "code 1 of 6, 3 s left")
    script.advance(by: .milliseconds(100))
    #expect(script.status == "code 1 of 6, 2 s left")
    script.advance(by: .milliseconds(1_999))
    #expect(script.status == "code 1 of 6, 1 s left")
    #expect(script.showsCode)
    script.advance(by: .milliseconds(1))
    #expect(script.lines() == ["waiting for the next code"])
    script.received(.scanQRCode, qr: "2@b", lasts: 20, attempt: 2)
    #expect(script.status == "code 2 of 6, 20 s left")
    #expect(script.showsCode)
  }

  @Test func `an event that says a code again does not lengthen it`() {
    var script = Script()
    script.received(.scanQRCode, qr: "2@a", lasts: 20, attempt: 1)
    script.advance(by: .seconds(5))
    script.received(.scanQRCode, qr: "2@a", lasts: 20, attempt: 1, pairingCode: "ABCD-EFGH")
    #expect(script.status == "code 1 of 6, 15 s left")
  }

  @Test func `a code that the server takes back is gone`() {
    var script = Script()
    script.received(.scanQRCode, qr: "2@a")
    script.received(.scanQRCode)
    #expect(script.lines() == ["waiting for the next code"])
  }

  @Test(arguments: [nil, -30, 0, 66, 4_000] as [Int64?])
  func `a code whose end is not known, or by another clock, is not counted down`(
    seconds: Int64?
  ) {
    var script = Script()
    script.received(.scanQRCode, qr: "2@a", lasts: seconds, attempt: 2)
    #expect(script.status == "code 2 of 6")
    script.advance(by: .seconds(100))
    #expect(script.showsCode)
    script.received(.scanQRCode, qr: "2@b", lasts: seconds)
    #expect(script.showsCode)
  }

  @Test(arguments: [
    (SessionStatus.starting, SessionStatus.starting), (.scanQRCode, .working),
    (.unknown, .working),
  ])
  func `a scan is told`(status: SessionStatus, reported: SessionStatus) {
    var script = Script()
    script.received(.starting)
    #expect(script.lines() == ["Starting the session…"])
    script.received(.scanQRCode, qr: "2@a")
    script.received(status, reported: reported)
    #expect(script.lines() == ["Scanned. Linking…"])
    script.received(.working)
    #expect(script.lines() == ["Linked."])
  }

  @Test func `what else a session may be is told as it is`() {
    var script = Script()
    #expect(script.lines() == ["Starting the session…"])
    script.received(SessionStatus(rawValue: "A\u{1B}[2J"))
    #expect(script.lines() == ["The session is A[2J."])
    script.received(.scanQRCode, qr: "2@a")
    script.received(.failed)
    #expect(script.lines() == ["The session is FAILED."])
  }

  @Test func `a server that is lost is told under the code, until it is back`() {
    var script = Script()
    script.received(.scanQRCode, qr: "2@a", lasts: 20, attempt: 1)
    script.story.lostServer("connection lost, trying again")
    #expect(script.status == "connection lost, trying again")
    #expect(script.showsCode)
    script.advance(by: .seconds(20))
    #expect(script.lines() == ["connection lost, trying again"])
    script.received(.scanQRCode, qr: "2@b", lasts: 20, attempt: 2)
    #expect(script.status == "code 2 of 6, 20 s left")
  }

  @Test func `a code to type stands above the code to scan`() {
    var script = Script()
    script.received(
      .scanQRCode, qr: "2@a", lasts: 20, attempt: 1, pairingCode: "ABCD-\u{1B}EFGH")
    let lines = script.lines()
    #expect(lines.first?.hasPrefix("Type this code on the phone: ") == true)
    #expect(lines.contains { $0.hasSuffix("     A B C D - E F G H") })
    #expect(script.showsCode)
    // Without room for the other it stays.
    let low = script.lines(on: TerminalSize(columns: 100, rows: 10))
    #expect(low.contains { $0.hasSuffix("     A B C D - E F G H") })
    #expect(!low.contains { $0.contains("\u{2580}") || $0.contains("too small") })
    #expect(low.last == "code 1 of 6, 20 s left")
  }

  @Test func `a code to type that is refused is told`() {
    var script = Script()
    script.received(.scanQRCode, qr: "2@a", reason: .pairingCodeRefused)
    #expect(script.lines().first == "WhatsApp gives no code to type now; scan instead.")
    #expect(script.showsCode)
  }

  @Test func `a terminal that is too small is told how large it has to be`() throws {
    var script = Script()
    script.received(.scanQRCode, qr: "2@a", attempt: 1)
    let matrix = try #require(QRMatrix(saying: "2@a"))
    let rows = matrix.drawnRows + 4
    let fitting = TerminalSize(columns: 69, rows: rows)
    #expect(script.lines(on: fitting).count == rows)
    for size in [
      TerminalSize(columns: 69, rows: rows - 1),
      TerminalSize(columns: matrix.drawnColumns - 1, rows: 50),
    ] {
      let lines = script.lines(on: size)
      #expect(!lines.contains { $0.contains("\u{2580}") })
      let text = lines.joined(separator: " ")
      #expect(text.contains("takes \(matrix.drawnColumns) columns"))
      #expect(text.contains("\(size.columns) and \(size.rows)"))
    }
  }

  @Test(arguments: [(1, 1), (7, 3), (20, 5), (40, 10), (80, 24), (200, 100)])
  func `nothing is longer than the terminal, or higher`(columns: Int, rows: Int) {
    var script = Script()
    script.received(.scanQRCode, qr: "2@a", lasts: 20, attempt: 1, pairingCode: "ABCD-EFGH")
    let lines = script.lines(on: TerminalSize(columns: columns, rows: rows))
    #expect(lines.count <= rows)
    for line in lines {
      #expect(line.replacing(/\u{1B}\[[0-9;]*m/, with: "").count <= columns)
    }
  }
}
