/// PostgreSQL's word for how a statement went wrong: five letters and digits, the first two of which
/// are its class.
struct SQLState: Sendable, Hashable {
  let rawValue: String

  init?(_ text: some StringProtocol) {
    guard text.utf8.count == 5,
      text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) })
    else { return nil }
    self.rawValue = String(text)
  }

  private init(known: String) {
    self.rawValue = known
  }

  static let queryCanceled = Self(known: "57014")
  static let readOnly = Self(known: "25006")

  /// Whether a value cannot be stored, by what it is.
  var isOfData: Bool { self.rawValue.hasPrefix("22") }

  /// Whether the connection is no longer what it was made as, so that another may do better: what was
  /// prepared is gone, outdated or somebody else's, or the server has become read-only.
  var isOfConnection: Bool { ["26000", "42P05", "0A000", "25006"].contains(self.rawValue) }

  /// What it means, where an operator can do something about it.
  private var meaning: String? {
    switch self.rawValue {
    case "28P01": "the password is refused"
    case "28000": "the user is refused"
    case "3D000": "there is no such database"
    case "42501": "the user may not do that"
    case "42P01": "a table is missing"
    case "53300": "the server has no room for more connections"
    case "57P03": "the server is starting or stopping"
    case "25006": "the server is read-only"
    default: nil
    }
  }
}

extension SQLState: CustomStringConvertible {
  var description: String {
    "SQLSTATE \(self.rawValue)" + (self.meaning.map { ": " + $0 } ?? "")
  }
}
