/// Which part of a list a caller asks for, and in which order.
struct Paging: Equatable {
  var limit: Int?
  var offset: Int?
  /// A field the endpoint knows.
  var sortBy: String?
  var isDescending = false
  var excludesParticipants = false

  /// Where the page is cut.
  enum Cut {
    /// In the server's memory: without a limit, or with limit 0, the offset is ignored.
    case inMemory
    /// In the store: the offset always counts, and limit 0 is an empty page.
    case inStore
  }

  /// Reads the query of a list endpoint.
  /// - Parameters:
  ///   - sortFields: The fields this endpoint sorts by.
  ///   - canExclude: Whether `exclude=participants` is known.
  /// - Throws: `Refusal` with 400 and an array of messages.
  init(_ request: Request, sortFields: [String], canExclude: Bool = false) throws(Refusal) {
    var problems: [String] = []
    func number(_ name: String) -> Int? {
      guard let text = request.parameter(name) else { return nil }
      if let number = Int(text) { return number }
      problems.append("\(name) must be a number conforming to the specified constraints")
      return nil
    }
    func choice(_ name: String, of choices: [String]) -> String? {
      guard let text = request.parameter(name) else { return nil }
      if choices.contains(text) { return text }
      problems.append(
        "\(name) must be one of the following values: \(choices.joined(separator: ", "))")
      return nil
    }
    self.limit = number("limit")
    self.offset = number("offset")
    self.sortBy = choice("sortBy", of: sortFields)
    self.isDescending = choice("sortOrder", of: ["desc", "asc"]) == "desc"
    if canExclude {
      let excluded = request.query.filter { $0.name == "exclude" || $0.name == "exclude[]" }
        .flatMap { $0.value.split(separator: ",") }
      self.excludesParticipants = excluded.contains("participants")
      if excluded.contains(where: { $0 != "participants" }) {
        problems.append("each value in exclude must be one of the following values: participants")
      }
    }
    guard problems.isEmpty else { throw Refusal(.validation(problems)) }
  }

  /// The page's places in the ordered list.
  func page(of ordered: [Int], cut: Cut) -> ArraySlice<Int> {
    let start = max(0, self.offset ?? 0)
    switch cut {
    case .inMemory:
      guard let limit = self.limit, limit > 0 else { return ordered[...] }
      return ordered.dropFirst(start).prefix(limit)
    case .inStore:
      guard let limit = self.limit, limit >= 0 else { return ordered.dropFirst(start) }
      return ordered.dropFirst(start).prefix(limit)
    }
  }
}
