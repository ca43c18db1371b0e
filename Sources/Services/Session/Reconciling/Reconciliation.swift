/// What one look at the database and at WAHA found, and did.
package struct Reconciliation: Sendable, Equatable {
  /// Logouts that had not come to their end, and have now.
  package var finishedRemovals = 0
  /// Sessions that were noted as connected, and that WAHA does not have.
  package var lost = 0
  /// Sessions that were noted as disconnected, and that WAHA has.
  package var found = 0
  /// Sessions that could not be set right this time.
  package var failures = 0
  /// Sessions that WAHA has and nobody owns, or that are placed on another host, which are left
  /// alone; of the hosts that answered. Nil when WAHA could not be asked.
  package var unowned: Int?
  /// How many sessions are noted as connected on each host that has any. Nil when the database was
  /// not read as a whole.
  package var placed: [HostName: Int]?

  package init() {}

  /// What was changed, or tried to.
  var changes: Int { self.finishedRemovals + self.lost + self.found + self.failures }
}
