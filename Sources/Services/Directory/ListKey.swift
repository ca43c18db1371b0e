/// Which list of which session.
struct ListKey: Hashable, Sendable {
  var session: String
  var kind: Directory.List

  static func both(of session: String) -> [ListKey] {
    Directory.List.allCases.map { ListKey(session: session, kind: $0) }
  }
}
