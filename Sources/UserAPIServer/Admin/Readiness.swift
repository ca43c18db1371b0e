internal import NIOCore
internal import SessionService
internal import Synchronization
internal import UserAPI

/// Whether calls can be served. How WAHA is, is told, but decides nothing: restarting this
/// service would not mend it.
final class Readiness: Sendable {
  struct Report: Sendable, Equatable {
    var isDraining: Bool
    /// Nil when it answers, else why it does not.
    var database: ErrorReason?
    var waha: ErrorReason?

    var isReady: Bool { !self.isDraining && self.database == nil }

    var json: String {
      var writer = JSONWriter()
      writer.object { writer in
        writer.member("status", self.isReady ? "ready" : self.isDraining ? "draining" : "not ready")
        writer.member("database", self.database?.rawValue ?? "ok")
        writer.member("waha", self.waha?.rawValue ?? "ok")
      }
      return String(buffer: writer.buffer) + "\n"
    }
  }

  private enum Dependency: Hashable, Sendable {
    case database
    case waha
  }

  private let isDraining = Atomic(false)
  private let checks: SharedReads<Dependency, ErrorReason?>
  private let pingDatabase: @Sendable () async throws(UserAPIError) -> Void
  private let pingWAHA: @Sendable () async throws(UserAPIError) -> Void

  /// Each dependency is asked at most once a second, however often the probe comes.
  init(
    pingDatabase: @escaping @Sendable () async throws(UserAPIError) -> Void,
    pingWAHA: @escaping @Sendable () async throws(UserAPIError) -> Void
  ) {
    self.pingDatabase = pingDatabase
    self.pingWAHA = pingWAHA
    self.checks = SharedReads(
      maxAge: .seconds(1), capacity: 2, now: { ContinuousClock.now })
  }

  func beginDrain() {
    self.isDraining.store(true, ordering: .relaxed)
  }

  func report() async -> Report {
    async let database = self.check(.database, self.pingDatabase)
    async let waha = self.check(.waha, self.pingWAHA)
    return Report(
      isDraining: self.isDraining.load(ordering: .relaxed), database: await database,
      waha: await waha)
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
