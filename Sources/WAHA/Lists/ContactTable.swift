internal import DirectoryService
internal import UserAPI

/// The people of an address book, in as few bytes as they take: who is who is found out in place,
/// after the text that they were read from is gone.
struct ContactTable {
  private struct Record {
    /// The phone number; 0 while it is not known.
    var number: UInt64
    /// 0 when there is none.
    var lid: UInt64
    /// Where the names begin in ``ContactTable/text``.
    var names: UInt32
    var nameCount: UInt8
    var marks: Marks
  }

  private struct Marks: OptionSet {
    let rawValue: UInt8

    static let barred = Self(rawValue: 1)
    static let onWhatsApp = Self(rawValue: 2)
    /// The entry stands in the list under the LID.
    static let underLid = Self(rawValue: 4)
  }

  /// Ends a name, before which its kind stands. No byte of UTF-8 is this.
  private static let nameEnd: UInt8 = 0xFF
  /// How many names a person has at most.
  static let maxNames = 16
  /// How many people are given between two looks at whether anybody still wants them.
  private static let stride = 1_024

  /// The account itself, so that its entries are known for what they are under either id: two
  /// engines do not mark them.
  private let owner: Record?
  private var records: [Record] = []
  private var text: [UInt8] = []

  init(owner: SessionView.Me?) {
    // Which of the two it is an id says of itself.
    let ids = [owner?.id, owner?.lid].compactMap { $0.flatMap { WhatsAppID($0) } }
    let number = ids.first { $0.server == "c.us" }?.digits
    let lid = ids.first { $0.server == "lid" }?.digits
    if number == nil, lid == nil {
      self.owner = nil
    } else {
      self.owner = Record(
        number: number ?? 0, lid: lid ?? 0, names: 0, nameCount: 0, marks: .barred)
    }
    self.removeAll()
  }

  mutating func removeAll() {
    self.records.removeAll()
    self.text.removeAll()
    if let owner = self.owner { self.records.append(owner) }
  }

  /// - Returns: False when the entry is not understood.
  mutating func add(_ object: JSONObject) -> Bool {
    guard let entry = ContactEntry(object) else { return false }
    guard let id = entry.id else { return true }
    var marks: Marks = []
    if entry.isBarred { marks.insert(.barred) }
    if entry.isOnWhatsApp { marks.insert(.onWhatsApp) }
    let start = UInt32(self.text.count)
    for name in entry.names {
      self.text.append(name.kind)
      self.text.append(contentsOf: name.text.utf8)
      self.text.append(Self.nameEnd)
    }
    var record: Record
    switch id {
    case .number(let number):
      record = Record(
        number: number, lid: entry.lid ?? 0, names: start, nameCount: UInt8(entry.names.count),
        marks: marks)
    case .lid(let lid):
      record = Record(
        number: 0, lid: lid, names: start, nameCount: UInt8(entry.names.count),
        marks: marks.union(.underLid))
    }
    // An account that has changed its number may stand at another one with its LID.
    if let owner = self.owner, owner.lid > 0, record.lid == owner.lid {
      record.marks.insert(.barred)
    }
    self.records.append(record)
    return true
  }

  /// Gives entries under a LID the number that another entry has with the same LID.
  ///
  /// - Returns: Whether there are entries left whose number is not known.
  mutating func resolveByEntries() -> Bool {
    // Of two numbers with one LID the lower counts, in whatever order they stand in the list.
    self.records.sort { ($0.lid, $0.number) < ($1.lid, $1.number) }
    var isIncomplete = false
    var start = self.records.partitioningIndex { $0.lid > 0 }
    while start < self.records.count {
      let end = self.endOfRun(from: start)
      let numbered = self.records[start..<end].first { $0.number > 0 }
      if let numbered {
        self.setNumber(numbered.number, from: start)
      } else {
        isIncomplete = true
      }
      start = end
    }
    return isIncomplete
  }

  /// Gives entries under a LID their number, if they have none yet. Only after
  /// ``resolveByEntries()``.
  mutating func resolve(lid: UInt64, number: UInt64) {
    let start = self.records.partitioningIndex { $0.lid >= lid }
    // Where one entry has a number, all have.
    guard start < self.records.count, self.records[start].lid == lid,
      self.records[start].number == 0
    else { return }
    self.setNumber(number, from: start)
  }

  /// Where the entries with the same LID as the one at `start` end.
  private func endOfRun(from start: Int) -> Int {
    let lid = self.records[start].lid
    return self.records[start...].firstIndex { $0.lid != lid } ?? self.records.count
  }

  private mutating func setNumber(_ number: UInt64, from start: Int) {
    for index in start..<self.endOfRun(from: start) where self.records[index].number == 0 {
      self.records[index].number = number
    }
  }

  /// Gives each person once, under the number where it is known.
  ///
  /// - Throws: `CANCELED` when the task is.
  mutating func forEachPerson(_ take: (Contact) -> Void) throws(UserAPIError) {
    // Of names of one kind that of an entry under the number comes first, else that of the first
    // in the list.
    self.records.sort { left, right in
      if left.number != right.number { return left.number < right.number }
      if left.number == 0, left.lid != right.lid { return left.lid < right.lid }
      let (isLeftHidden, isRightHidden) = (
        left.marks.contains(.underLid), right.marks.contains(.underLid)
      )
      return isLeftHidden == isRightHidden ? left.names < right.names : isRightHidden
    }
    var start = 0
    var count = 0
    while start < self.records.count {
      if count.isMultiple(of: Self.stride), Task.isCancelled { throw .canceled }
      count += 1
      let first = self.records[start]
      let end =
        self.records[start...].firstIndex {
          $0.number != first.number || first.number == 0 && $0.lid != first.lid
        } ?? self.records.count
      if let person = self.person(start..<end) { take(person) }
      start = end
    }
  }

  /// The person that these entries are; nil when nobody is to see them.
  private func person(_ entries: Range<Int>) -> Contact? {
    let entries = self.records[entries]
    let marks = entries.reduce(into: Marks()) { $0.formUnion($1.marks) }
    guard let first = entries.first, !marks.contains(.barred), marks.contains(.onWhatsApp) else {
      return nil
    }
    let names = self.names(of: entries)
    guard first.number > 0 else {
      return Contact(id: "\(first.lid)@lid", names: names, number: nil)
    }
    let number = String(first.number)
    return Contact(id: number + "@c.us", names: names, number: number)
  }

  /// The names of one person's entries, each once: by their kind, and within it by the entry.
  private func names(of entries: ArraySlice<Record>) -> [String] {
    // Octets: comparing characters takes the square of the marks on one of them.
    var kinds = [[ArraySlice<UInt8>]](repeating: [], count: ContactEntry.nameKeys.count)
    for entry in entries where entry.nameCount > 0 {
      var rest = self.text[Int(entry.names)...]
      for _ in 0..<entry.nameCount {
        let kind = Int(rest[rest.startIndex])
        let name = rest.dropFirst().prefix { $0 != Self.nameEnd }
        rest = rest[name.endIndex...].dropFirst()
        guard kinds[kind].count < Self.maxNames else { continue }
        if !kinds[kind].contains(name) { kinds[kind].append(name) }
      }
      if kinds[0].count == Self.maxNames { break }
    }
    var names: [ArraySlice<UInt8>] = []
    for name in kinds.joined() where names.count < Self.maxNames && !names.contains(name) {
      names.append(name)
    }
    return names.map { String(decoding: $0, as: UTF8.self) }
  }
}

extension Array {
  /// Where what fits begins, in an array where it stands behind all that does not.
  fileprivate func partitioningIndex(where fits: (Element) -> Bool) -> Int {
    var (low, high) = (self.startIndex, self.endIndex)
    while low < high {
      let middle = low + (high - low) / 2
      if fits(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
