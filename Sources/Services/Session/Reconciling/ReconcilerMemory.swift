/// What the reconciler remembers from one look to the next.
struct ReconcilerMemory: Sendable {
  /// How often the phone of a session is tried to be unlinked before the session is deleted without.
  private static let unlinkingTries = 3
  /// How many looks a removal that fails is left alone for at most, which is doubled each time.
  private static let longestPause = 64

  private struct Failure {
    var count: Int
    /// For how many looks more it is left alone.
    var pause: Int
  }

  /// The sessions that WAHA did not have at the last look.
  private var missing: Set<String> = []
  private var missingNow: Set<String> = []
  private var failures: [String: Failure] = [:]
  private var failuresNow: [String: Failure] = [:]

  /// A look is over: what was not seen in it is forgotten.
  mutating func lookEnded() {
    self.missing = self.missingNow
    self.missingNow = []
    self.failures = self.failuresNow
    self.failuresNow = [:]
  }

  /// WAHA does not have the session, by its list.
  ///
  /// - Returns: Whether that was so at the last look too.
  mutating func isMissing(_ id: String) -> Bool {
    self.missingNow.insert(id)
    return self.missing.contains(id)
  }

  /// Nothing was to be seen of the session: its host did not answer.
  mutating func wasNotSeen(_ id: String) {
    self.failuresNow[id] = self.failures[id]
  }

  /// A removal did not come to its end.
  ///
  /// - Returns: Whether to try it now, and whether to unlink the phone then; nil to leave it alone.
  mutating func unlinks(_ id: String) -> Bool? {
    guard var failure = self.failures[id] else { return true }
    guard failure.pause == 0 else {
      failure.pause -= 1
      self.failuresNow[id] = failure
      return nil
    }
    return failure.count < Self.unlinkingTries
  }

  /// It failed again.
  mutating func removalFailed(_ id: String) {
    let count = (self.failures[id]?.count ?? 0) + 1
    self.failuresNow[id] = Failure(
      count: count, pause: min(1 << min(count - 1, 30), Self.longestPause) - 1)
  }
}
