/// A group, apart from how any engine writes it.
package struct Group: Sendable, Equatable {
  /// `…@g.us`
  package var id: String
  /// Nil for a group whose name the engine does not know.
  package var name: String?
  package var participants: Int
  /// Seconds since 1970.
  package var created: Int
  /// The latest message, in seconds since 1970.
  package var lastActive: Int

  package init(
    id: String, name: String?, participants: Int = 3, created: Int = 1_700_000_000,
    lastActive: Int = 1_765_952_886
  ) {
    self.id = id
    self.name = name
    self.participants = participants
    self.created = created
    self.lastActive = lastActive
  }

  /// The participants' LIDs and numbers, made up on the spot and always the same.
  var members: [(lid: String, number: String)] {
    var random = SplitMix64(seed: self.id.utf8.reduce(7) { $0 &* 131 &+ UInt64($1) })
    return (0..<self.participants).map { _ in
      (
        String(200_000_000_000_000 + random.next() % 90_000_000_000_000),
        "1555" + String(1_000_000 + random.next() % 9_000_000)
      )
    }
  }
}
