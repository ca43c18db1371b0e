/// What a pool of connections to a database is at.
package struct DatabasePoolUse: Sendable, Equatable {
  package var connecting = 0
  package var idle = 0
  /// At work for a caller.
  package var leased = 0
  /// Callers that wait for a connection.
  package var waiting = 0
}
