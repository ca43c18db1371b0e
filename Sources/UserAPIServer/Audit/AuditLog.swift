internal import AuthService
internal import HTTP2
internal import Logging
internal import NIOConcurrencyHelpers
internal import Tracing
internal import UserAPI

/// Writes a line for each call that changed something and for each that was refused. Secrets and
/// phone numbers are in none.
///
/// Whoever is refused again and again would fill the log: of one caller, or one address, and one
/// reason there are so many lines and no more, and those that are too many are gathered into one, which
/// ``flush()`` writes and which says how many it stands for.
final class AuditLog: Sendable {
  /// How many lines there are of refusals that are alike.
  private static let pace = RateLimit(burst: 10, perSecond: 1)
  /// How many kinds of refusals are told apart.
  private static let capacity = 4_096

  private struct Kind: Hashable {
    /// ``Identity/key``; nil when it is not known who called.
    var identity: Int?
    var peer: PeerAddress?
    var reason: ErrorReason
  }

  private struct State {
    var buckets = RateBuckets<Kind>(limit: AuditLog.pace, capacity: AuditLog.capacity)
    /// The last of each kind, and how many there were.
    var gathered: [Kind: (entry: AuditEntry, count: Int)] = [:]
    /// How many there were of further kinds.
    var uncounted = 0
  }

  private let logger: Logger
  private let time: TimeSource
  private let quotesValues: Bool
  private let state = NIOLockedValueBox(State())

  /// - Parameters:
  ///   - logger: Of whatever level; what is written here is always written.
  ///   - quotesValues: Whether values are put in quotes in which a field could seem to end: a log of
  ///     text has no quotes of its own.
  init(logger: Logger, time: TimeSource, quotesValues: Bool = false) {
    var logger = logger
    logger.logLevel = .info
    self.logger = logger
    self.time = time
    self.quotesValues = quotesValues
  }

  func record(_ entry: AuditEntry) {
    if let error = entry.error, error.isRefusal {
      let kind = Kind(
        identity: entry.identity?.key, peer: entry.identity == nil ? entry.peer : nil,
        reason: error.reason)
      guard self.mayWrite(entry, kind) else { return }
    }
    self.write(entry)
  }

  /// Whether it has a line of its own. It is gathered otherwise.
  private func mayWrite(_ entry: AuditEntry, _ kind: Kind) -> Bool {
    let now = self.time.now()
    return self.state.withLockedValue { state in
      if state.gathered[kind] == nil, state.buckets.take(kind, at: now) == nil { return true }
      if let gathered = state.gathered[kind] {
        state.gathered[kind] = (entry, gathered.count + 1)
      } else if state.gathered.count < Self.capacity {
        state.gathered[kind] = (entry, 1)
      } else {
        state.uncounted += 1
      }
      return false
    }
  }

  /// Writes what was gathered.
  func flush() {
    let (gathered, uncounted) = self.state.withLockedValue { state in
      defer { (state.gathered, state.uncounted) = ([:], 0) }
      return (state.gathered, state.uncounted)
    }
    for (entry, count) in gathered.values { self.write(entry, count: count) }
    if uncounted > 0 {
      self.logger.info("refused", metadata: ["who": "many", "count": "\(uncounted)"])
    }
  }

  private func write(_ entry: AuditEntry, count: Int? = nil) {
    var fields = [
      "who": entry.identity?.logName ?? "nobody",
      "procedure": entry.procedure?.rawValue ?? "none",
      "outcome": entry.error?.reason.rawValue ?? "ok",
      "request": entry.requestID,
    ]
    fields["proof"] = entry.identity?.proof.description
    fields["via"] = entry.identity?.service?.logName
    fields["for"] = entry.userID.map { "user:" + $0 }
    fields["certificate"] = entry.certificate
    fields["address"] = entry.address
    fields["session"] = entry.sessionID
    fields["detail"] = entry.error?.message
    fields["count"] = count.map { "\($0)" }
    InstrumentationContext.withValue(entry.context) {
      self.logger.info(
        entry.error?.isRefusal == true ? "refused" : "change",
        metadata: fields.mapValues { self.quotesValues ? "\($0.quotedIfNeeded)" : "\($0)" })
    }
  }
}

extension String {
  /// The text as it is, or, where it could be taken for more than one, in quotes.
  fileprivate var quotedIfNeeded: String {
    let isPlain = self.utf8.allSatisfy { byte in
      byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=")
        && byte != UInt8(ascii: "\\")
    }
    return isPlain ? self : self.debugDescription
  }
}
