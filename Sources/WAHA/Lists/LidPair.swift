internal import UserAPI

/// A LID and the phone number that it stands for.
struct LidPair: Sendable, Equatable {
  let lid: UInt64
  /// Nil when WAHA does not know it.
  let number: UInt64?

  static let keys = JSONKeys(["lid", "pn", "_serialized", "user", "server"])

  /// Nil for what is not understood.
  init?(_ entry: JSONObject) {
    guard let lid = WhatsAppID(entry["lid"]), lid.server == "lid", let digits = lid.digits else {
      return nil
    }
    self.lid = digits
    self.number = WhatsAppID(entry["pn"]).flatMap { $0.server == "c.us" ? $0.digits : nil }
  }
}
