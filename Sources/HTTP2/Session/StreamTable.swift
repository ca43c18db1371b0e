/// Something of each stream of a connection, by the stream's id: a hash table in one array whose
/// hash is the id.
///
/// Ids come in a row, so that hardly two meet in a slot. A peer that leaves ids out so that they do
/// makes a look as long as it has streams open, which are few.
struct StreamTable<Value> {
  private typealias Slot = (id: StreamID, value: Value)?

  private static var smallestCapacity: Int { 16 }

  /// At least half of them are empty. Their number is a power of two, or none.
  private var slots: [Slot] = []
  private(set) var count = 0

  var isEmpty: Bool { self.count == 0 }

  /// The streams there are, in no order.
  var entries: some Sequence<(id: StreamID, value: Value)> { self.slots.lazy.compactMap { $0 } }

  subscript(_ id: StreamID) -> Value? {
    self.index(of: id).flatMap { self.slots[$0]?.value }
  }

  mutating func set(_ value: Value, for id: StreamID) {
    if let index = self.index(of: id) {
      self.slots[index] = (id, value)
      return
    }
    if 2 * (self.count + 1) > self.slots.count { self.grow() }
    self.insert((id, value))
    self.count += 1
  }

  @discardableResult
  mutating func remove(_ id: StreamID) -> Value? {
    guard var hole = self.index(of: id), let removed = self.slots[hole] else { return nil }
    // What stands behind it because its own slot was taken moves up, or it would not be found.
    var next = self.index(after: hole)
    while let entry = self.slots[next] {
      if self.distance(from: self.home(of: entry.id), to: next)
        >= self.distance(from: hole, to: next)
      {
        self.slots[hole] = entry
        hole = next
      }
      next = self.index(after: next)
    }
    self.slots[hole] = nil
    self.count -= 1
    return removed.value
  }

  private func index(of id: StreamID) -> Int? {
    guard !self.slots.isEmpty else { return nil }
    var index = self.home(of: id)
    while let entry = self.slots[index] {
      if entry.id == id { return index }
      index = self.index(after: index)
    }
    return nil
  }

  private mutating func insert(_ entry: (id: StreamID, value: Value)) {
    var index = self.home(of: entry.id)
    while self.slots[index] != nil { index = self.index(after: index) }
    self.slots[index] = entry
  }

  private mutating func grow() {
    let entries = self.slots
    self.slots = [Slot](
      repeating: nil, count: max(2 * entries.count, Self.smallestCapacity))
    for case .some(let entry) in entries { self.insert(entry) }
  }

  /// Where the stream is looked for first. All ids of one side are odd, or even.
  private func home(of id: StreamID) -> Int {
    Int(truncatingIfNeeded: id.rawValue >> 1) & (self.slots.count - 1)
  }

  private func index(after index: Int) -> Int {
    (index + 1) & (self.slots.count - 1)
  }

  /// How many slots it is on from one to the other, past the end to the beginning.
  private func distance(from start: Int, to end: Int) -> Int {
    (end - start) & (self.slots.count - 1)
  }
}
