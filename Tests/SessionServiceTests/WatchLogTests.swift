import Testing
import UserAPI

@testable import SessionService

@Suite struct WatchLogTests {
  private static let start = Timestamp(millisecondsSinceEpoch: 1_000)

  private static let report = SessionFollower.Report(status: .starting, reported: .starting)

  /// A log with an event each millisecond.
  private func log(_ count: Int) -> WatchLog {
    var log = WatchLog()
    for index in 0..<count {
      log.append(
        Self.report,
        at: Timestamp(millisecondsSinceEpoch: Self.start.millisecondsSinceEpoch + Int64(index)))
    }
    return log
  }

  private func numbers(_ log: WatchLog, _ position: inout WatchLog.Position) -> [Int] {
    var numbers: [Int] = []
    while case .event(let event) = log.read(&position) { numbers.append(event.sequence) }
    return numbers
  }

  @Test func `only the latest events keep their codes`() throws {
    var log = WatchLog()
    for number in 1...18 {
      var report = Self.report
      report.code = ShownCode(
        code: QRCode(text: "2@\(number)", picture: [0]), expiresAt: nil, attempt: number)
      log.append(report, at: Self.start)
    }
    var position = WatchLog.Position.beginning
    guard case .event(let newest) = log.read(&position) else {
      Issue.record("no event")
      return
    }
    var codes: [String?] = []
    position = .resuming(after: newest.sequence - 17)
    while case .event(let event) = log.read(&position) { codes.append(event.code?.code.text) }
    #expect(codes == [nil] + (3...18).map { "2@\($0)" })
  }

  @Test func `a watcher begins with the newest event`() {
    var position = WatchLog.Position.beginning
    #expect(self.numbers(self.log(3), &position) == [1_002])
  }

  @Test func `a watcher waits where there is nothing`() {
    var position = WatchLog.Position.beginning
    #expect(WatchLog().read(&position) == .wait)
    #expect(position == .beginning)
  }

  @Test(arguments: [false, true])
  func `there is something to read where a read does not wait`(isOver: Bool) {
    for count in [0, 1, 3, WatchLog.capacity + 5] {
      var log = self.log(count)
      if isOver { log.end(nil) }
      var positions = [WatchLog.Position.beginning]
      for sequence in 998..<(1_005 + WatchLog.capacity) {
        positions += [.resuming(after: sequence), .reading(after: sequence)]
      }
      for position in positions {
        var read = position
        #expect(log.isReadable(at: position) == (log.read(&read) != .wait))
      }
    }
  }

  @Test(arguments: 0..<WatchLog.capacity)
  func `a watcher goes on behind any event that is kept`(index: Int) {
    let log = self.log(WatchLog.capacity + 5)
    var position = WatchLog.Position.resuming(after: 1_005 + index)
    #expect(self.numbers(log, &position) == Array((1_006 + index)..<(1_005 + WatchLog.capacity)))
  }

  @Test func `a watcher goes on behind the event that was dropped last`() {
    let log = self.log(WatchLog.capacity + 5)
    var position = WatchLog.Position.resuming(after: 1_004)
    #expect(self.numbers(log, &position).count == WatchLog.capacity)
  }

  @Test(arguments: [0, 1_003, 1_069, 5_000])
  func `behind an event that is not known it goes on with the newest, and is told`(
    sequence: Int
  ) throws {
    let log = self.log(WatchLog.capacity + 5)
    var position = WatchLog.Position.resuming(after: sequence)
    guard case .event(let event) = log.read(&position) else {
      Issue.record("no event")
      return
    }
    #expect(event.sequence == 1_068)
    #expect(event.isSequenceExpired)
    #expect(log.read(&position) == .wait)
  }

  @Test func `a watcher that reads too slowly is told so`() {
    var log = self.log(1)
    var position = WatchLog.Position.beginning
    _ = log.read(&position)
    for _ in 0...WatchLog.capacity { log.append(Self.report, at: Self.start) }
    #expect(log.read(&position) == .overrun)
  }

  @Test func `events of one moment have different numbers`() {
    var log = WatchLog()
    for _ in 0..<3 { log.append(Self.report, at: Self.start) }
    var position = WatchLog.Position.resuming(after: 1_000)
    #expect(self.numbers(log, &position) == [1_001, 1_002])
  }

  @Test func `a clock that goes back takes no number back`() {
    var log = self.log(2)
    log.append(Self.report, at: Timestamp(millisecondsSinceEpoch: 1))
    var position = WatchLog.Position.beginning
    #expect(self.numbers(log, &position) == [1_002])
  }

  @Test(arguments: [nil, UserAPIError(.sessionMissingUpstream, "gone")])
  func `the end comes behind the last event`(error: UserAPIError?) {
    var log = self.log(2)
    log.end(error)
    var position = WatchLog.Position.resuming(after: 1_000)
    #expect(self.numbers(log, &position) == [1_001])
    #expect(log.read(&position) == .end(error))
  }
}
