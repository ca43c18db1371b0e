package import UserAPI

/// The hosts, and the rule by which a session is placed on one of them: where the fewest sessions
/// are, of those with room; of several such, the first.
package struct HostPlacement: Sendable, Equatable {
  package struct Host: Sendable, Equatable {
    package var name: HostName
    /// How many sessions are placed there at most; nil for any number, and zero for a host that is
    /// drained.
    package var capacity: Int?

    package init(name: HostName, capacity: Int? = nil) {
      self.name = name
      self.capacity = capacity
    }
  }

  /// One host that takes any number.
  package static let single = Self(hosts: [Host(name: .default)])

  /// In the order of the setting.
  package let hosts: [Host]

  package init(hosts: [Host]) {
    self.hosts = hosts
  }

  /// Where the next session goes.
  ///
  /// - Parameter loads: How many sessions each host has, which counts none where it says nothing.
  /// - Returns: Nil when no host has room.
  package func choice(_ loads: [HostName: Int]) -> HostName? {
    let load = { (host: Host) in loads[host.name] ?? 0 }
    // The first of those that are the least.
    return self.hosts.filter { host in host.capacity.map { load(host) < $0 } ?? true }
      .min { load($0) < load($1) }?.name
  }

  /// Where each session goes, whatever the loads are; nil when they decide.
  package var onlyChoice: HostName? {
    guard self.hosts.count == 1, let host = self.hosts.first, host.capacity == nil else {
      return nil
    }
    return host.name
  }

  /// Whether a session may be elsewhere than it was known to be.
  var isSpread: Bool { self.hosts.count > 1 }

  func contains(_ name: HostName) -> Bool {
    self.hosts.contains { $0.name == name }
  }

  /// Whether a session that has its place on the host may be made there again.
  func keeps(_ name: HostName) -> Bool {
    self.hosts.contains { $0.name == name && $0.capacity != 0 }
  }

  /// Whether WAHA does not have the session for sure, as it was gone from a host that has gone since.
  func hasLost(_ session: SessionRecord) -> Bool {
    !session.isConnected && !self.contains(session.host)
  }

  /// The same with the hosts alone of which that is so, where there are any that take sessions.
  func preferring(_ isPreferred: (HostName) -> Bool) -> Self {
    let preferred = self.hosts.filter { $0.capacity != 0 && isPreferred($0.name) }
    return preferred.isEmpty ? self : Self(hosts: preferred)
  }

  func without(_ name: HostName) -> Self {
    Self(hosts: self.hosts.filter { $0.name != name })
  }
}

extension UserAPIError {
  /// No host has room for another session.
  package static var noCapacity: UserAPIError {
    UserAPIError(.noCapacity, "no WAHA host has room for another session")
  }
}
