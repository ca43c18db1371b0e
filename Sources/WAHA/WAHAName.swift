internal import SessionService
internal import UserAPI

extension OwnedSession {
  /// The name, once it is known to be one that WAHA takes and that cannot mean anything else in
  /// a path: `[A-Za-z0-9_-]{1,54}`.
  ///
  /// - Throws: `SESSION_MISSING_UPSTREAM`: WAHA cannot have a session of another name.
  var wahaName: String {
    get throws(UserAPIError) {
      guard Self.isWAHAName(self.name) else {
        throw UserAPIError(
          .sessionMissingUpstream, "the session's name is none that WAHA takes")
      }
      return self.name
    }
  }

  /// Whether a session of ours can have that name.
  static func isWAHAName(_ name: String) -> Bool {
    let isAllowed: (UInt8) -> Bool = { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    return (1...54).contains(name.utf8.count) && name.utf8.allSatisfy(isAllowed)
  }
}
