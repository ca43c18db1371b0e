/// Compares what a watcher was told of a session with what the simulator says became of it. A value
/// without clocks and programs, so that it can be tried itself.
///
/// The two cannot be the same list. WAHA is asked and does not dictate, so what lasted a moment may
/// be missing; and the service holds some changes back on purpose. But each event has to be one thing
/// that WAHA had then, nothing that lasted may be missing, and nothing may come twice.
struct LiveComparison {
  /// One status, or one code, from when it came until something else did.
  struct Span: Equatable {
    var status: String
    var code: String?
    var start: Int
    var end: Int
  }

  /// What lasted so long has to have been seen, in milliseconds. A session that waits for a scan is
  /// asked for once a second where no webhook tells of it, and the answer takes its time.
  static let seenAfter = 2_400
  /// For how long a session that works may be something else without that being shown.
  static let debounce = 5_000
  /// How long after its end something may still be told: the answer was under way.
  static let late = 2_000
  /// How far apart the clocks of the two programs may be, in milliseconds. The simulator counts from
  /// its start, where it reads two clocks, between which a busy machine may do something else.
  static let skew = 250

  private var spans: [Span]
  /// When the service was told to do something to the session, which makes changes that are not held
  /// back.
  private let acts: [Int]
  /// Up to when the comparison goes; what came after is not asked for.
  private let until: Int

  init(_ history: [LiveHistoryEntry], acts: [Int] = [], until: Int = .max) {
    self.acts = acts
    self.until = until
    var spans: [Span] = []
    for (entry, end) in zip(history, history.dropFirst().map(\.at) + [until]) {
      // Nothing is told of a session that is deleted: the stream ends.
      guard let status = entry.status else { continue }
      spans.append(Span(status: status, code: entry.code, start: entry.at, end: end))
    }
    self.spans = Self.withoutFlaps(spans, acts)
  }

  /// A session that works again within the debounce time never did anything else, as far as a watcher
  /// is concerned; unless the service itself was told to change it.
  private static func withoutFlaps(_ spans: [Span], _ acts: [Int]) -> [Span] {
    var result: [Span] = []
    var index = spans.startIndex
    while index < spans.endIndex {
      var span = spans[index]
      index += 1
      while span.status == "WORKING", index < spans.endIndex {
        guard let back = spans[index...].firstIndex(where: { !Self.isHeldBack($0.status) }),
          spans[back].status == "WORKING", spans[back].start - span.end < Self.debounce,
          !acts.contains(where: { (span.start...spans[back].start).contains($0) })
        else { break }
        span.end = spans[back].end
        index = back + 1
      }
      result.append(span)
    }
    return result
  }

  /// The statuses that a healthy session has for moments.
  private static func isHeldBack(_ status: String) -> Bool {
    ["STARTING", "STOPPED", "FAILED"].contains(status)
  }

  /// What is wrong with the events; nothing when they tell the truth, the whole of it, and once.
  ///
  /// A watcher begins with the state as it is, so what was before its first event is not asked for.
  func problems(in events: [LiveEvent]) -> [String] {
    guard let first = events.first else { return ["there are no events"] }
    var problems: [String] = []
    var last: Int?
    var previous: LiveEvent?
    for event in events {
      defer { previous = event }
      if let previous, event.seq <= previous.seq {
        problems.append("\(event) does not have a greater number than \(previous)")
      }
      if self.takesCodeBack(event, after: previous) { continue }
      // The newest that fits, since an event can only be of what has come already. One that is told
      // twice finds nothing the second time, because each fits once.
      let match = self.spans.indices.last { index in
        let span = self.spans[index]
        return index > last ?? -1 && span.status == event.status && span.code == event.code
          && span.start <= event.at + Self.skew && event.at <= span.end.adding(Self.late)
      }
      guard let match else {
        problems.append("\(event) was not so at WAHA then, or was told before")
        continue
      }
      if let last { problems += self.lost(between: last, match) }
      last = match
      if let previous, self.isTooEarly(event, after: previous, self.spans[match]) {
        problems.append("\(event) was not held back, though it might have passed")
      }
    }
    guard let last else { return problems }
    problems += self.lost(between: last, self.spans.endIndex)
    if first.reason != nil && first.reason != "SEQUENCE_EXPIRED" {
      problems.append("\(first) has a reason")
    }
    problems += events.dropFirst().filter { $0.reason != nil }.map { "\($0) has a reason" }
    return problems
  }

  private func lost(between first: Int, _ second: Int) -> [String] {
    self.spans[(first + 1)..<second].indices.filter(self.mustBeSeen).map { index in
      let span = self.spans[index]
      return "\(span.status) of \(span.start) was lost, number \(span.code?.suffix(6) ?? "none")"
    }
  }

  /// What was held back on purpose has to last longer.
  private func mustBeSeen(_ index: Int) -> Bool {
    let span = self.spans[index]
    var needed = Self.seenAfter
    if index > 0, self.spans[index - 1].status == "WORKING", Self.isHeldBack(span.status),
      !self.acts.contains(where: { (self.spans[index - 1].start...span.start).contains($0) })
    {
      needed += Self.debounce
    }
    return min(span.end, self.until) - span.start >= needed
  }

  /// A session that WAHA calls working has no code any more, but is not said to work until it was seen
  /// to; where that takes a moment, an event takes the code back before.
  private func takesCodeBack(_ event: LiveEvent, after previous: LiveEvent?) -> Bool {
    event.status == "SCAN_QR_CODE" && event.code == nil && event.reported == "WORKING"
      && previous?.status == event.status && previous?.code != nil
      && self.spans.contains { span in
        span.status == "WORKING" && span.start <= event.at + Self.skew
          && event.at <= span.end.adding(Self.late)
      }
  }

  private func isTooEarly(_ event: LiveEvent, after previous: LiveEvent, _ span: Span) -> Bool {
    previous.status == "WORKING" && Self.isHeldBack(event.status)
      && event.at + Self.skew < span.start + Self.debounce
      && !self.acts.contains { (previous.at...max(previous.at, event.at)).contains($0) }
  }

  /// How long after WAHA had them the codes came, in milliseconds; those alone that came.
  ///
  /// - Parameter arrivals: When the watcher had each event.
  func delaysOfCodes(_ arrivals: [(event: LiveEvent, at: Int)]) -> [Int] {
    arrivals.compactMap { arrival in
      guard let code = arrival.event.code else { return nil }
      return self.spans.first { $0.code == code }.map { arrival.at - $0.start }
    }
  }
}

extension Int {
  /// The sum, or the greatest number there is.
  fileprivate func adding(_ other: Int) -> Int {
    let (sum, overflows) = self.addingReportingOverflow(other)
    return overflows ? .max : sum
  }
}
