internal import CGlibc

extension Listing {
  /// What an entry is sorted by.
  private struct Key {
    var index: UInt32
    /// Who has no name comes behind all others, and who has no number either comes last.
    var rank: UInt8
    var start: UInt32
    var length: UInt32
    /// The first eight octets, which mostly tell two keys apart.
    var prefix: UInt64
  }

  /// The places of the entries in the order of the list: by the first name as a search sees it, then
  /// by the octets of the name and of the id.
  func sortedIndices() -> [Int] {
    self.text.withUnsafeBytes { text in
      self.searchText.withUnsafeBytes { searchText in
        var keys = self.entries.indices.map { self.key($0, searchText) }
        keys.sort { self.isBefore($0, $1, text, searchText) }
        return keys.map { Int($0.index) }
      }
    }
  }

  private func key(_ index: Int, _ searchText: UnsafeRawBufferPointer) -> Key {
    let entry = self.entries[index]
    let rank: UInt8 = entry.nameLength > 0 ? 0 : entry.numberLength > 0 ? 1 : 2
    let rest = searchText[Int(entry.searchText)...]
    let end =
      rank == 0 ? rest.firstIndex(of: Snapshot.endOfName) ?? rest.startIndex : rest.startIndex
    var prefix: UInt64 = 0
    for offset in 0..<8 {
      let place = rest.startIndex + offset
      prefix = prefix << 8 | (place < end ? UInt64(rest[place]) : 0)
    }
    return Key(
      index: UInt32(index), rank: rank, start: entry.searchText,
      length: UInt32(end - rest.startIndex), prefix: prefix)
  }

  private func isBefore(
    _ left: Key, _ right: Key, _ text: UnsafeRawBufferPointer,
    _ searchText: UnsafeRawBufferPointer
  ) -> Bool {
    if left.rank != right.rank { return left.rank < right.rank }
    if left.prefix != right.prefix { return left.prefix < right.prefix }
    let (first, second) = (self.entries[Int(left.index)], self.entries[Int(right.index)])
    let byKey = Self.compare(
      Self.slice(searchText, left.start, left.length),
      Self.slice(searchText, right.start, right.length))
    if byKey != 0 { return byKey < 0 }
    let byName = Self.compare(
      Self.slice(text, first.text + first.idLength, first.nameLength),
      Self.slice(text, second.text + second.idLength, second.nameLength))
    if byName != 0 { return byName < 0 }
    return Self.compare(
      Self.slice(text, first.text, first.idLength), Self.slice(text, second.text, second.idLength))
      < 0
  }

  private static func slice(
    _ bytes: UnsafeRawBufferPointer, _ start: UInt32, _ length: UInt32
  ) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[Int(start)..<Int(start + length)])
  }

  private static func compare(
    _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
  ) -> Int {
    guard let first = left.baseAddress, let second = right.baseAddress else {
      return left.count - right.count
    }
    let order = Int(memcmp(first, second, min(left.count, right.count)))
    return order == 0 ? left.count - right.count : order
  }
}
