internal import NIOCore

/// Knows what a connection waits for, and when the peer has kept it waiting for too long.
///
/// What happens often only notes a moment. The one timer of a connection may therefore fire early,
/// find nothing to do, and is set anew.
struct ConnectionTimer {
  enum Action: Equatable {
    case none
    /// Ask the peer whether it is there.
    case ping
    /// The connection is old: announce its end and let its streams finish.
    case drain
    /// End the connection for this, as each is ended.
    case end(ConnectionLimit)
  }

  private let timeouts: ConnectionTimeouts
  private var handshakeSince: NIODeadline?
  private var headersSince: NIODeadline?
  private var headerBlock: Int?
  private var idleSince: NIODeadline?
  /// Since when something has been waiting for the peer and nothing has left; nil when nothing waits.
  private(set) var stalledSince: NIODeadline?
  private var lastRead: NIODeadline
  private var pingedAt: NIODeadline?
  private var endOfAge: NIODeadline?
  private var endOfGrace: NIODeadline?

  /// - Parameter jitter: Which part of its last tenth the connection's greatest age lacks, from 0
  ///   to 1.
  init(timeouts: ConnectionTimeouts, openedAt now: NIODeadline, jitter: Double) {
    self.timeouts = timeouts
    self.handshakeSince = now
    self.lastRead = now
    self.endOfAge = timeouts.maxAge.map {
      now + .nanoseconds(Int64(Double($0.nanoseconds) * (1 - jitter / 10)))
    }
  }

  // MARK: What happens

  /// Bytes came.
  ///
  /// - Parameters:
  ///   - hasPreface: Whether the peer's preface is among what has come so far.
  ///   - headerBlock: The number of the header block in which they end; nil outside of one.
  /// - Returns: whether something may be due earlier than before.
  mutating func received(hasPreface: Bool, headerBlock: Int?, at now: NIODeadline) -> Bool {
    var isSooner = false
    self.lastRead = now
    self.pingedAt = nil
    if self.handshakeSince != nil, hasPreface {
      self.handshakeSince = nil
      self.idleSince = now
      isSooner = true
    }
    if headerBlock == nil {
      self.headersSince = nil
    } else if self.headersSince == nil || headerBlock != self.headerBlock {
      if self.headersSince == nil { isSooner = true }
      self.headersSince = now
    }
    self.headerBlock = headerBlock
    return isSooner
  }

  /// The peer opened a stream.
  mutating func openedStream() {
    self.idleSince = nil
  }

  /// The last open stream was closed.
  mutating func closedLastStream(at now: NIODeadline) {
    self.idleSince = now
  }

  /// Something was written, or could not be.
  ///
  /// - Parameters:
  ///   - isWaiting: Whether something still waits for the peer.
  ///   - hasProgressed: Whether something of a body left.
  mutating func wrote(isWaiting: Bool, hasProgressed: Bool, at now: @autoclosure () -> NIODeadline)
  {
    guard isWaiting else {
      self.stalledSince = nil
      return
    }
    if hasProgressed || self.stalledSince == nil { self.stalledSince = now() }
  }

  // MARK: Time

  /// When something may have to be done; nil for never.
  var next: NIODeadline? {
    var next = NIODeadline.distantFuture
    func consider(_ due: NIODeadline?) {
      if let due { next = min(next, due) }
    }
    consider(Self.sum(self.handshakeSince, self.timeouts.handshake))
    consider(Self.sum(self.headersSince, self.timeouts.header))
    consider(Self.sum(self.idleSince, self.timeouts.idle))
    consider(Self.sum(self.stalledSince, self.timeouts.writeStall))
    consider(self.keepaliveDue)
    consider(self.endOfAge)
    consider(self.endOfGrace)
    return next == .distantFuture ? nil : next
  }

  /// What is to be done now.
  mutating func expire(at now: NIODeadline) -> Action {
    func isOver(_ since: NIODeadline?, _ timeout: TimeAmount?) -> Bool {
      Self.sum(since, timeout).map { $0 <= now } ?? false
    }
    if isOver(self.handshakeSince, self.timeouts.handshake) { return .end(.handshakeTimeout) }
    if isOver(self.headersSince, self.timeouts.header) { return .end(.headerTimeout) }
    if isOver(self.stalledSince, self.timeouts.writeStall) { return .end(.writeStallTimeout) }
    if isOver(self.idleSince, self.timeouts.idle) { return .end(.idleTimeout) }
    if let due = self.endOfAge, due <= now {
      self.endOfAge = nil
      self.endOfGrace = self.timeouts.maxAgeGrace.map { now + $0 }
      return .drain
    }
    if let due = self.endOfGrace, due <= now { return .end(.connectionAge) }
    guard let due = self.keepaliveDue, due <= now else { return .none }
    guard self.pingedAt == nil else { return .end(.keepaliveTimeout) }
    self.pingedAt = now
    return .ping
  }

  private var keepaliveDue: NIODeadline? {
    // Before the preface there is nothing to ask.
    guard self.handshakeSince == nil, let interval = self.timeouts.keepaliveInterval else {
      return nil
    }
    guard let pingedAt else { return self.lastRead + interval }
    return self.timeouts.keepaliveTimeout.map { pingedAt + $0 }
  }

  private static func sum(_ since: NIODeadline?, _ timeout: TimeAmount?) -> NIODeadline? {
    guard let since, let timeout else { return nil }
    return since + timeout
  }
}
