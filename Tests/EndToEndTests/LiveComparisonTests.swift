import Testing

/// The judge of the live tests is tried before it judges.
@Suite struct LiveComparisonTests {
  private static let history = [
    LiveHistoryEntry("STOPPED", at: -1_001), LiveHistoryEntry("STARTING", at: -1_000),
    LiveHistoryEntry("SCAN_QR_CODE", at: 2_000, code: "a"),
    LiveHistoryEntry("SCAN_QR_CODE", at: 4_500, code: "b"),
    LiveHistoryEntry("WORKING", at: 7_000), LiveHistoryEntry("STARTING", at: 10_000),
    LiveHistoryEntry("FAILED", at: 11_000), LiveHistoryEntry("WORKING", at: 12_000),
    LiveHistoryEntry("FAILED", at: 20_000), LiveHistoryEntry("STOPPED", at: 30_000),
    LiveHistoryEntry("STARTING", at: 30_001), LiveHistoryEntry("WORKING", at: 33_000),
    LiveHistoryEntry("STOPPED", at: 40_000), LiveHistoryEntry(nil, at: 40_001),
  ]

  private static let events = [
    LiveEvent(seq: 10, at: 300, status: "STARTING"),
    LiveEvent(seq: 20, at: 2_100, status: "SCAN_QR_CODE", code: "a"),
    LiveEvent(seq: 30, at: 4_900, status: "SCAN_QR_CODE", code: "b"),
    LiveEvent(seq: 40, at: 7_200, status: "WORKING"),
    LiveEvent(seq: 50, at: 25_100, status: "FAILED"),
    LiveEvent(seq: 60, at: 30_200, status: "STARTING"),
    LiveEvent(seq: 70, at: 33_100, status: "WORKING"),
  ]

  private func problems(_ change: (inout [LiveEvent]) -> Void = { _ in }) -> [String] {
    var events = Self.events
    change(&events)
    return LiveComparison(Self.history, acts: [29_900, 39_900]).problems(in: events)
  }

  @Test func `the truth has no problems`() {
    #expect(self.problems() == [])
    // A moment that was seen is none either.
    #expect(
      self.problems {
        $0.append(LiveEvent(seq: 80, at: 40_000, status: "STOPPED"))
      } == [])
    // Nor is it that a code goes before the session was seen to work.
    let gone = LiveEvent(seq: 31, at: 7_050, status: "SCAN_QR_CODE", reported: "WORKING")
    #expect(self.problems { $0.insert(gone, at: 3) } == [])
    #expect(self.problems { $0.insert(gone, at: 2) }.count == 1)
    // Nor is what was before a watcher came.
    #expect(self.problems { $0.removeFirst(3) } == [])
  }

  @Test func `whatever is missing is lost`() {
    for index in 1..<Self.events.count {
      #expect(self.problems { $0.remove(at: index) }.contains { $0.contains("was lost") })
    }
  }

  @Test func `what comes twice is told before`() {
    for event in Self.events {
      let problems = self.problems { events in
        let index = events.firstIndex(of: event) ?? 0
        var again = event
        again.seq += 1
        again.at += 1
        events.insert(again, at: index + 1)
      }
      #expect(problems.count == 1 && problems[0].contains("or was told before"), "\(problems)")
    }
  }

  @Test func `what never was, what is over and what is to come is not so`() {
    for event in [
      LiveEvent(seq: 41, at: 7_300, status: "UNKNOWN", reported: "WORKING", reason: "NOT_VERIFIED"),
      LiveEvent(seq: 41, at: 7_300, status: "SCAN_QR_CODE", code: "c"),
      LiveEvent(seq: 41, at: 9_100, status: "SCAN_QR_CODE", code: "b"),
      LiveEvent(seq: 41, at: 9_100, status: "FAILED"),
      LiveEvent(seq: 41, at: 10_100, status: "STARTING"),
      LiveEvent(seq: 41, at: 12_100, status: "WORKING"),
    ] {
      #expect(self.problems { $0.insert(event, at: 4) }.contains { $0.contains("was not so") })
    }
  }

  @Test func `what the service was told to do is no flap`() {
    let history = [
      LiveHistoryEntry("WORKING", at: 0), LiveHistoryEntry("STARTING", at: 3_000),
      LiveHistoryEntry("WORKING", at: 6_000),
    ]
    let events = [
      LiveEvent(seq: 1, at: 100, status: "WORKING"),
      LiveEvent(seq: 2, at: 3_100, status: "STARTING"),
      LiveEvent(seq: 3, at: 6_100, status: "WORKING"),
    ]
    #expect(LiveComparison(history, acts: [2_990]).problems(in: events) == [])
    #expect(LiveComparison(history).problems(in: events).count == 2)
    #expect(LiveComparison(history, acts: [2_990]).problems(in: [events[0]]).count == 2)
    #expect(LiveComparison(history).problems(in: [events[0]]) == [])
  }

  @Test func `numbers that do not grow, and changes that are not held back, are noticed`() {
    #expect(self.problems { $0[3].seq = 30 }.count == 1)
    #expect(
      self.problems { $0[4].at = 20_100 } == [
        "FAILED of 20100, number none was not held back, though it might have passed"
      ])
    #expect(self.problems { $0[2].reason = "NOT_VERIFIED" }.count == 1)
  }
}
