/// How the engine of a dead session, which still says `WORKING`, takes calls.
package enum EngineDeath: String, Sendable, CaseIterable {
  /// It never answers.
  case hang
  /// The 500 of a browser page that hung for too long.
  case error
}
