package import UserAPI

/// The hosts with a WAHA, as they are asked for what they have.
package protocol SessionHosts: Sendable {
  /// The names of all sessions that each host has, whoever made them. A host that did not answer is
  /// left out, which says nothing of its sessions.
  ///
  /// - Throws: One of the `UPSTREAM_…` reasons when none answered; `canceled` when the task is.
  func sessionNames() async throws(UserAPIError) -> [HostName: Set<String>]
}
