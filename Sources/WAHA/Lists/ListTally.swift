internal import UserAPI

/// What a list that is being read has come to so far.
struct ListTally: Sendable, Equatable {
  /// How many entries there were.
  private(set) var entries = 0
  private(set) var understood = 0
  /// How many bytes may still come.
  private(set) var room: Int

  init(room: Int) {
    self.room = room
  }

  var dropped: Int { self.entries - self.understood }

  mutating func count(isUnderstood: Bool) {
    self.entries += 1
    if isUnderstood { self.understood += 1 }
  }

  mutating func take(_ bytes: Int) {
    self.room -= bytes
  }

  /// - Throws: `UPSTREAM_INVALID_RESPONSE` when less than half of the entries were understood: it
  ///   is then some other list than it should be.
  func requireUnderstood() throws(UserAPIError) {
    guard self.understood * 2 >= self.entries else { throw UserAPIError.nonsense }
  }
}
