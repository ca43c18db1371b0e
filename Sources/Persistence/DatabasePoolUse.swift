/// What a pool of connections to a database is at.
package struct DatabasePoolUse: Sendable, Equatable {
  package var connecting: Int
  package var idle: Int
  /// At work for a caller.
  package var busy: Int
  /// Callers that wait for a connection.
  package var waiting: Int
}
