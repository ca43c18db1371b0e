internal import DequeModule

/// What became of the streams that a client opened, which libnghttp2 forgets: enough to tell HEADERS
/// and DATA that break the rules from those that a reset by this side has crossed on the way
/// (RFC 9113, sections 5.1, 5.1.1 and 6.1).
///
/// It remembers the exceptions: streams that were left out, and closed ones on which the client may
/// still be sending. Of either the last 64; a client that makes more of them is judged leniently.
struct StreamLedger {
  enum OnHeaders: Equatable {
    /// Nothing is wrong with the stream's number, or libnghttp2 knows what is.
    case proceed
    /// The stream was left out and is closed by that: PROTOCOL_ERROR.
    case neverOpened
    /// The client has ended or reset the stream: STREAM_CLOSED.
    case closed
  }

  private static let capacity = 64

  private var highest: Int32 = -1
  /// Streams between others that no HEADERS ever named, ascending.
  private var leftOut = Deque<ClosedRange<Int32>>()
  /// Streams that were refused, or reset before the client had ended them.
  private var excused = Deque<Int32>()
  /// The newest stream of which no HEADERS has been taken yet.
  private var unopened: Int32?
  /// Up to here the lists above are not complete any more.
  private var forgotten: Int32 = -1

  /// HEADERS came, before anybody has looked at them.
  ///
  /// - Parameter isOpen: whether the stream is open on either side.
  mutating func receivedHeaders(on id: StreamID, isOpen: @autoclosure () -> Bool) -> OnHeaders {
    let id = id.rawValue
    guard !id.isMultiple(of: 2) else { return .proceed }
    if id > self.highest {
      if let unopened { self.excuse(unopened) }
      if id > self.highest + 2 { self.leaveOut((self.highest + 2)...(id - 2)) }
      self.highest = id
      self.unopened = id
      return .proceed
    }
    return self.verdict(on: id, isOpen: isOpen)
  }

  /// DATA came, before anybody has looked at it.
  ///
  /// - Parameter isOpen: whether the stream is open on either side.
  /// - Returns: whether the client knows that the stream is closed: STREAM_CLOSED. Else libnghttp2
  ///   sees to it.
  func isClosed(_ id: StreamID, isOpen: @autoclosure () -> Bool) -> Bool {
    let id = id.rawValue
    guard !id.isMultiple(of: 2), id <= self.highest else { return false }
    return self.verdict(on: id, isOpen: isOpen) != .proceed
  }

  private func verdict(on id: Int32, isOpen: () -> Bool) -> OnHeaders {
    guard id > self.forgotten, id != self.unopened, !isOpen() else { return .proceed }
    if self.leftOut.contains(where: { $0.contains(id) }) { return .neverOpened }
    return self.excused.contains(id) ? .proceed : .closed
  }

  /// The HEADERS were taken and opened their stream, or belong to one that is open.
  mutating func opened(_ id: StreamID) {
    if self.unopened == id.rawValue { self.unopened = nil }
  }

  /// The stream is closed.
  ///
  /// - Parameter peerHasEnded: whether the client has ended or reset it.
  mutating func closed(_ id: StreamID, peerHasEnded: Bool) {
    if !peerHasEnded { self.excuse(id.rawValue) }
  }

  private mutating func excuse(_ id: Int32) {
    self.excused.append(id)
    guard self.excused.count > Self.capacity else { return }
    self.forgotten = max(self.forgotten, self.excused.removeFirst())
  }

  private mutating func leaveOut(_ ids: ClosedRange<Int32>) {
    self.leftOut.append(ids)
    guard self.leftOut.count > Self.capacity else { return }
    self.forgotten = max(self.forgotten, self.leftOut.removeFirst().upperBound)
  }
}
