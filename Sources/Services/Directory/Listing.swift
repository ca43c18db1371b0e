/// A list on the way to a ``Snapshot``: what was read so far, in the order in which it came.
struct Listing: Sendable {
  /// What is kept of a name, in bytes of UTF-8. No client of WhatsApp's lets anybody write as much.
  private static let maximumName = 4_096

  private let limit: Int
  /// Texts of all entries, one behind the other.
  private(set) var text: [UInt8] = []
  /// What a search looks at, one entry behind the other.
  private(set) var searchText: [UInt8] = []
  private(set) var entries: [Snapshot.Entry] = []

  /// - Parameter limit: What it may take, in bytes. Over it nothing more is taken.
  init(limit: Int) {
    self.limit = limit
  }

  /// Whether something was left out.
  var isTooLarge: Bool { self.size > self.limit }

  /// How many bytes it takes.
  var size: Int {
    self.text.count + self.searchText.count
      + self.entries.count * MemoryLayout<Snapshot.Entry>.stride
  }

  /// Where the search text of an entry ends.
  func endOfSearchText(_ index: Int) -> Int {
    index + 1 < self.entries.count
      ? Int(self.entries[index + 1].searchText) : self.searchText.count
  }

  mutating func append(_ group: Group) {
    self.append(id: group.id, names: group.name.map { [$0] } ?? [], number: nil)
  }

  mutating func append(_ contact: Contact) {
    self.append(id: contact.id, names: contact.names, number: contact.number)
  }

  private mutating func append(id: String, names: [String], number: String?) {
    guard self.size <= self.limit else { return }
    let name = String(decoding: (names.first ?? "").utf8.prefix(Self.maximumName), as: UTF8.self)
    // The number is kept as the beginning of the id, which it always is.
    let hasNumber = number.map { id.utf8.starts(with: $0.utf8) } ?? false
    let numberLength = hasNumber ? number?.utf8.count ?? 0 : 0
    self.entries.append(
      Snapshot.Entry(
        text: UInt32(self.text.count), searchText: UInt32(self.searchText.count),
        idLength: UInt32(id.utf8.count), nameLength: UInt32(name.utf8.count),
        numberLength: UInt32(numberLength)))
    self.text.append(contentsOf: id.utf8)
    self.text.append(contentsOf: name.utf8)
    for name in names {
      SearchText.append(name, to: &self.searchText)
      self.searchText.append(Snapshot.endOfName)
    }
    self.searchText.append(contentsOf: id.utf8.prefix(numberLength))
    self.searchText.append(Snapshot.endOfEntry)
  }
}
