internal import UserAPI

/// A time as SQLite has it: ISO 8601 text.
struct StoredTimestamp: Decodable, Sendable {
  let value: Timestamp

  init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let value = Timestamp(text) else {
      throw CorruptRow(problem: "a time that is not ISO 8601")
    }
    self.value = value
  }
}
