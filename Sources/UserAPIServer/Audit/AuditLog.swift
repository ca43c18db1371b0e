internal import AuthService
internal import Logging
internal import NIOConcurrencyHelpers
internal import UserAPI

/// Writes a line for each call that changed something and for each that was refused. Secrets and
/// phone numbers are in none.
///
/// Calls that come too often are gathered, or whoever makes them would fill the log: of one caller, or
/// one address, they have a line a second, which says how many there were since the one before.
final class AuditLog: Sendable {
  /// How many of those who call too often are told apart.
  private static let capacity = 4_096
  private static let interval: Duration = .seconds(1)

  private let logger: Logger
  private let time: TimeSource
  private let paces = NIOLockedValueBox(
    ExpiringCache<String, LogPace>(lifetime: nil, capacity: AuditLog.capacity))

  /// - Parameter logger: Of whatever level; what is written here is always written.
  init(logger: Logger, time: TimeSource) {
    var logger = logger
    logger.logLevel = .info
    self.logger = logger
    self.time = time
  }

  func record(_ entry: AuditEntry) {
    var metadata: Logger.Metadata = [
      "procedure": "\(entry.procedure?.rawValue ?? "none")",
      "outcome": "\(entry.error?.reason.rawValue ?? "ok")",
      "request": "\(entry.requestID)",
    ]
    if entry.error?.reason == .rateLimited {
      guard let count = self.count(entry) else { return }
      metadata["count"] = "\(count)"
    }
    metadata["who"] = entry.identity.map { "\($0.logName)" } ?? "nobody"
    if let identity = entry.identity { metadata["proof"] = "\(identity.proof)" }
    if let userID = entry.userID { metadata["for"] = "user:\(userID)" }
    if let name = entry.certificate { metadata["certificate"] = "\(name)" }
    if let address = entry.address { metadata["address"] = "\(address)" }
    if let id = entry.sessionID { metadata["session"] = "\(id)" }
    if let error = entry.error { metadata["detail"] = "\(error.message)" }
    self.logger.info(entry.error?.isRefusal == true ? "refused" : "change", metadata: metadata)
  }

  /// How many calls the line stands for; nil when there is to be none.
  private func count(_ entry: AuditEntry) -> Int? {
    let key = entry.identity?.logName ?? entry.address ?? ""
    let now = self.time.now()
    return self.paces.withLockedValue { paces in
      var pace = paces.value(for: key, at: now) ?? LogPace(interval: Self.interval)
      defer { paces.store(pace, for: key, at: now) }
      return pace.happened(at: now)
    }
  }
}
