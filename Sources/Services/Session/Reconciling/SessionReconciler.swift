package import AuthService
internal import NIOConcurrencyHelpers
internal import UserAPI

/// Brings the database and WAHA together after either has failed half way: in the background, with
/// one question to each WAHA a look, and one more for each session of which the two say different things.
package final class SessionReconciler: Sendable {
  /// How many sessions are read from the database at once.
  private static let pageSize = 1_000
  /// How many sessions are set right at one look. More are wrong only when WAHA is.
  private static let maximumChanges = 100

  private let store: any SessionStore
  private let hosts: any SessionHosts
  private let sessions: Sessions
  private let peers: any SessionPeers
  private let time: TimeSource
  private let memory = NIOLockedValueBox(ReconcilerMemory())

  package init(
    store: any SessionStore, hosts: any SessionHosts, sessions: Sessions,
    peers: any SessionPeers = NoSessionPeers(), time: TimeSource
  ) {
    self.store = store
    self.hosts = hosts
    self.sessions = sessions
    self.peers = peers
    self.time = time
  }

  /// Finishes what was cut short at once, and compares all from time to time, until the task is
  /// cancelled. Of several servers one compares.
  ///
  /// - Parameters:
  ///   - interval: The time before each comparison.
  ///   - report: Told what each look found; nil when another server looks.
  package func run(
    every interval: Duration, _ report: (Reconciliation?) async -> Void
  ) async {
    await report(await self.finishRemovals())
    while true {
      do { try await self.time.sleep(interval) } catch { return }
      if await self.peers.isReconciler() {
        await report(await self.reconcile())
      } else {
        // What was seen at the last look says nothing at the next.
        self.memory.withLockedValue { $0 = ReconcilerMemory() }
        await report(nil)
      }
    }
  }

  /// Goes on with the removals that were cut short. WAHA is asked for nothing else.
  package func finishRemovals() async -> Reconciliation {
    var result = Reconciliation()
    do throws(UserAPIError) {
      try await self.forEachRecord(&result) { record, result throws(UserAPIError) in
        if record.removal != nil {
          try await self.settle(record, isUpstream: true, &result)
        }
      }
    } catch {
      // The next look may find a database that answers.
    }
    return result
  }

  /// Looks once.
  package func reconcile() async -> Reconciliation {
    var result = Reconciliation()
    do throws(UserAPIError) {
      // Asked before the database is: a session that is made meanwhile is in the database first.
      let names = try await self.hosts.sessionNames()
      try await self.settle(names, &result)
    } catch {
      // What could not be compared says nothing; the next look may.
      result.unowned = nil
      result.placed = nil
    }
    return result
  }

  /// - Parameter names: Those of the sessions that WAHA has, by the host. Of a session whose host is
  ///   not among them nothing is known.
  private func settle(
    _ names: [HostName: Set<String>], _ result: inout Reconciliation
  ) async throws(UserAPIError) {
    var unowned = names
    var placed: [HostName: Int] = [:]
    try await self.forEachRecord(&result) { record, result throws(UserAPIError) in
      if record.isConnected { placed[record.host, default: 0] += 1 }
      guard let namesOfHost = names[record.host] else {
        self.memory.withLockedValue { $0.wasNotSeen(record.id) }
        return
      }
      unowned[record.host]?.remove(record.name)
      try await self.settle(record, isUpstream: namesOfHost.contains(record.name), &result)
    }
    result.unowned = unowned.values.reduce(0) { $0 + $1.count }
    result.placed = placed
    self.memory.withLockedValue { $0.lookEnded() }
  }

  /// Reads all sessions of the database. One that cannot be set right keeps no other from it.
  private func forEachRecord(
    _ result: inout Reconciliation,
    _ body: (SessionRecord, inout Reconciliation) async throws(UserAPIError) -> Void
  ) async throws(UserAPIError) {
    var last: String?
    while true {
      let records = try await self.store.sessions(after: last, limit: Self.pageSize)
      for record in records {
        do throws(UserAPIError) {
          try await body(record, &result)
        } catch {
          guard error.code != .canceled else { throw error }
          result.failures += 1
        }
      }
      guard records.count == Self.pageSize else { return }
      last = records.last?.id
    }
  }

  private func settle(
    _ record: SessionRecord, isUpstream: Bool, _ result: inout Reconciliation
  ) async throws(UserAPIError) {
    guard result.changes < Self.maximumChanges else { return }
    let session = OwnedSession(record)
    if record.removal != nil {
      guard let unlinks = self.memory.withLockedValue({ $0.unlinks(record.id) }) else { return }
      do throws(UserAPIError) {
        if try await self.sessions.finishRemoval(of: session, unlinks: unlinks) {
          result.finishedRemovals += 1
        }
      } catch {
        self.memory.withLockedValue { $0.removalFailed(record.id) }
        throw error
      }
    } else if record.isConnected != isUpstream {
      // A WAHA that has just started may not list all of its sessions yet.
      if !isUpstream, !self.memory.withLockedValue({ $0.isMissing(record.id) }) { return }
      if try await self.sessions.setRight(session) {
        if isUpstream { result.found += 1 } else { result.lost += 1 }
      }
    }
  }
}
