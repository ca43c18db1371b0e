internal import UserAPI

/// A list as it was at one moment, whole and in the order in which it is paged. Texts lie packed, so
/// that a hundred thousand people take some 8 MB and a search goes through them in one sweep.
final class Snapshot: Sendable {
  /// Where an entry's texts lie.
  struct Entry: Sendable {
    /// In ``Snapshot/text``: the id, and behind it the name to show.
    var text: UInt32
    /// In ``Snapshot/searchText``: the names, folded, each with ``Snapshot/endOfName`` behind it, the
    /// number, ``Snapshot/endOfEntry``.
    var searchText: UInt32
    var idLength: UInt32
    /// 0 for an entry without a name.
    var nameLength: UInt32
    /// The number is the beginning of the id; 0 for an entry without one.
    var numberLength: UInt32
  }

  // No folded text has these, so that no word is found across them.
  static let endOfEntry: UInt8 = 0x00
  static let endOfName: UInt8 = 0x0A

  /// What a request names it by.
  let id: String
  /// The same for lists that say the same, in this process.
  let digest: Int
  private let text: [UInt8]
  private let searchText: [UInt8]
  private let entries: [Entry]

  var count: Int { self.entries.count }

  /// How many bytes it takes.
  var size: Int {
    self.text.count + self.searchText.count
      + self.entries.count * MemoryLayout<Entry>.stride
  }

  /// Sorts the list: by the first name as a search sees it, then by the name's and the id's octets.
  /// Who has no name comes behind all others, by number, and what has neither behind those.
  init(_ listing: Listing) {
    self.id = String(UInt64.random(in: .min ... .max), radix: 36)
    var text: [UInt8] = []
    var searchText: [UInt8] = []
    var entries: [Entry] = []
    text.reserveCapacity(listing.text.count)
    searchText.reserveCapacity(listing.searchText.count)
    entries.reserveCapacity(listing.entries.count)
    for index in listing.sortedIndices() {
      var entry = listing.entries[index]
      let (from, searchFrom) = (Int(entry.text), Int(entry.searchText))
      entry.text = UInt32(text.count)
      entry.searchText = UInt32(searchText.count)
      entries.append(entry)
      text += listing.text[from..<(from + Int(entry.idLength + entry.nameLength))]
      searchText += listing.searchText[searchFrom..<listing.endOfSearchText(index)]
    }
    self.text = text
    self.searchText = searchText
    self.entries = entries
    var hasher = Hasher()
    text.withUnsafeBytes { hasher.combine(bytes: $0) }
    searchText.withUnsafeBytes { hasher.combine(bytes: $0) }
    entries.withUnsafeBytes { hasher.combine(bytes: $0) }
    self.digest = hasher.finalize()
  }

  // MARK: Items

  func group(at index: Int) -> GroupItem {
    let entry = self.entries[index]
    return GroupItem(groupId: self.id(of: entry), groupName: self.name(of: entry))
  }

  func contact(at index: Int) -> ContactItem {
    let entry = self.entries[index]
    let number = entry.numberLength > 0 ? self.string(entry.text, entry.numberLength) : nil
    return ContactItem(
      groupId: self.id(of: entry),
      groupName: entry.nameLength > 0 ? self.name(of: entry) : number.map { "+" + $0 } ?? "",
      number: number)
  }

  private func id(of entry: Entry) -> String { self.string(entry.text, entry.idLength) }

  private func name(of entry: Entry) -> String {
    self.string(entry.text + entry.idLength, entry.nameLength)
  }

  private func string(_ start: UInt32, _ length: UInt32) -> String {
    String(decoding: self.text[Int(start)..<Int(start + length)], as: UTF8.self)
  }

  // MARK: Pages

  struct Page {
    var indices: [Int]
    var nextCursor: Int?
    var total: Int
  }

  /// The places of the items from `cursor` on of those that match.
  ///
  /// - Parameter maxSize: After so many bytes of text the page ends, but never without an item.
  func page(cursor: Int, limit: Int, maxSize: Int, search: DirectorySearch?) -> Page {
    var room = maxSize
    func fits(_ index: Int) -> Bool {
      defer { room -= Int(self.entries[index].idLength + self.entries[index].nameLength) }
      return room > 0
    }
    guard let search else {
      let start = min(cursor, self.count)
      let end = start + min(limit, self.count - start)
      let fitting = (start..<end).prefix(while: fits)
      return Page(
        indices: Array(fitting),
        nextCursor: fitting.endIndex < self.count ? fitting.endIndex : nil, total: self.count)
    }
    var indices: [Int] = []
    var total = 0
    var isFull = false
    self.forEachMatch(of: search) { index in
      if total >= cursor, !isFull {
        isFull = indices.count == limit || !fits(index)
        if !isFull { indices.append(index) }
      }
      total += 1
    }
    let end = min(cursor, total) + indices.count
    return Page(indices: indices, nextCursor: end < total ? end : nil, total: total)
  }

  /// Sweeps over all search texts for the rarest-looking word, and looks closer only where it is.
  private func forEachMatch(of search: DirectorySearch, _ body: (Int) -> Void) {
    self.searchText.withUnsafeBytes { all in
      var index = 0
      var position = 0
      var candidates = 0
      while position < all.count {
        candidates += 1
        // Nobody may want it any more.
        if candidates % 1_024 == 0, Task.isCancelled { return }
        guard let found = search.firstCandidate(in: all, from: position) else { return }
        index = self.index(ofEntryAt: found, from: index)
        let end = index + 1 < self.count ? Int(self.entries[index + 1].searchText) : all.count
        let start = Int(self.entries[index].searchText)
        if search.matches(UnsafeRawBufferPointer(rebasing: all[start..<end])) { body(index) }
        position = end
      }
    }
  }

  /// The entry in whose search text the position is, which is none before `first`.
  private func index(ofEntryAt position: Int, from first: Int) -> Int {
    // Mostly it is near; after a long way the steps are long too.
    var low = first
    var step = 1
    while low + step < self.count, Int(self.entries[low + step].searchText) <= position {
      low += step
      step *= 2
    }
    var high = min(low + step, self.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if Int(self.entries[middle].searchText) <= position { low = middle } else { high = middle }
    }
    return low
  }
}
