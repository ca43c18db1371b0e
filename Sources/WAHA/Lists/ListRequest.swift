internal import UserAPI

/// One of the lists that WAHA has of a session, and how it is asked for.
struct ListRequest: Sendable {
  var call: WAHACall
  var path: [String]
  var query: [(name: String, value: String)]
  /// How many entries to ask for at a time; nil asks for all at once, where the server makes the
  /// whole list for every page of it, or has no pages.
  var pageSize: Int?
  /// When the whole of it has to be there.
  var deadline: ContinuousClock.Instant
  /// The members of an entry that are looked at.
  var keys: JSONKeys
  /// The members of which the first that is there tells an entry from the others.
  var idKeys: [String]
  /// What may hold the entries.
  var containers: Set<JSONReader.Container> = [.array]
  /// Whether a server that does not have the call gives an empty list.
  var isOptional = false

  /// The members of an entry that may be objects.
  static let objects = JSONKeys(["id", "JID", "lid", "pn", "groupMetadata"])

  /// The query for the page at `offset`.
  func query(offset: Int) -> [(name: String, value: String)] {
    guard let pageSize = self.pageSize else { return self.query }
    return self.query + [("limit", "\(pageSize)"), ("offset", "\(offset)")]
  }
}
