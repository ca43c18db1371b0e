internal import NIOCore
internal import SessionService
internal import Synchronization
internal import UserAPI

/// Whether calls can be served. How WAHA is, is told, but decides nothing: restarting this
/// service would not mend it.
final class Readiness: Sendable {
  struct Report: Sendable {
    var isDraining: Bool
    /// Nil when it answers, else why it does not.
    var database: ErrorReason?
    /// The same of the WAHA of each host, in the order of the setting.
    var hosts: [(name: HostName, reason: ErrorReason?)]

    var isReady: Bool { !self.isDraining && self.database == nil }

    var json: String {
      var writer = JSONWriter()
      writer.object { writer in
        writer.member("status", self.isReady ? "ready" : self.isDraining ? "draining" : "not ready")
        writer.member("database", self.database?.rawValue ?? "ok")
        // One that has no name is told of as ever.
        if self.hosts.count == 1, let host = self.hosts.first, host.name == .default {
          writer.member("waha", host.reason?.rawValue ?? "ok")
        } else {
          writer.key("waha")
          writer.array(self.hosts) { writer, host in
            writer.object { writer in
              writer.member("host", host.name.rawValue)
              writer.member("status", host.reason?.rawValue ?? "ok")
            }
          }
        }
      }
      return String(buffer: writer.buffer) + "\n"
    }
  }

  /// A host with a WAHA, and how to ask whether that answers.
  struct Host: Sendable {
    let name: HostName
    let ping: @Sendable () async throws(UserAPIError) -> Void
  }

  private enum Dependency: Hashable, Sendable {
    case database
    case waha(HostName)
  }

  private let isDraining = Atomic(false)
  private let checks: SharedReads<Dependency, ErrorReason?>
  private let pingDatabase: @Sendable () async throws(UserAPIError) -> Void
  private let hosts: [Host]

  /// Each dependency is asked at most once a second, however often the probe comes.
  init(
    pingDatabase: @escaping @Sendable () async throws(UserAPIError) -> Void,
    hosts: [Host]
  ) {
    self.pingDatabase = pingDatabase
    self.hosts = hosts
    // The cache keeps at least half of what it may.
    self.checks = SharedReads(
      maxAge: .seconds(1), capacity: 2 * (hosts.count + 1), now: { ContinuousClock.now })
  }

  func beginDrain() {
    self.isDraining.store(true, ordering: .relaxed)
  }

  func report() async -> Report {
    async let database = self.check(.database, self.pingDatabase)
    let reasons = await withTaskGroup(of: (HostName, ErrorReason?).self) { group in
      for host in self.hosts {
        group.addTask { (host.name, await self.check(.waha(host.name), host.ping)) }
      }
      return await group.reduce(into: [HostName: ErrorReason]()) { $0[$1.0] = $1.1 }
    }
    return Report(
      isDraining: self.isDraining.load(ordering: .relaxed), database: await database,
      hosts: self.hosts.map { ($0.name, reasons[$0.name]) })
  }

  private func check(
    _ dependency: Dependency, _ ping: @escaping @Sendable () async throws(UserAPIError) -> Void
  ) async -> ErrorReason? {
    do throws(UserAPIError) {
      return try await self.checks.value(for: dependency) {
        () async throws(UserAPIError) -> ErrorReason? in
        do throws(UserAPIError) {
          try await ping()
          return nil
        } catch {
          // How it fails is the answer, and as good for a second as any other.
          return error.reason
        }
      }
    } catch {
      return error.reason
    }
  }
}
