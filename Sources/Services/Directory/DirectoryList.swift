/// A list in the order in which it is paged, with what a search looks at beside each item.
struct DirectoryList<Item: Sendable>: Sendable {
  struct Entry: Sendable {
    var item: Item
    /// What is shown first sorts first; an empty key sorts last.
    var sortKey: String
    /// Breaks ties, so that the order is always the same.
    var id: String
    /// Lower-case texts that a search may match.
    var texts: [String]
    /// Digits that a search may match.
    var digits: String?
  }

  private let entries: [Entry]

  init(_ entries: [Entry]) {
    self.entries = entries.sorted { left, right in
      // Octets, not characters: two spellings that Swift takes for equal sort apart.
      if !left.sortKey.utf8.elementsEqual(right.sortKey.utf8) {
        if left.sortKey.isEmpty || right.sortKey.isEmpty { return right.sortKey.isEmpty }
        return left.sortKey.utf8.lexicographicallyPrecedes(right.sortKey.utf8)
      }
      return left.id.utf8.lexicographicallyPrecedes(right.id.utf8)
    }
  }

  struct Page {
    var items: [Item]
    var nextCursor: Int?
    var total: Int
  }

  /// The items from `cursor` on of those that match.
  func page(cursor: Int, limit: Int, search: DirectorySearch?) -> Page {
    guard let search else {
      let start = min(cursor, self.entries.count)
      let end = start + min(limit, self.entries.count - start)
      return Page(
        items: self.entries[start..<end].map(\.item),
        nextCursor: end < self.entries.count ? end : nil, total: self.entries.count)
    }
    var items: [Item] = []
    var total = 0
    for entry in self.entries where search.matches(entry.texts, digits: entry.digits) {
      if total >= cursor, items.count < limit { items.append(entry.item) }
      total += 1
    }
    let end = min(cursor, total) + items.count
    return Page(items: items, nextCursor: end < total ? end : nil, total: total)
  }
}
