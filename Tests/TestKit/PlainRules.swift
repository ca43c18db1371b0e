/// The rules of the specification, in the plainest way.
package enum PlainRules {
  package struct Row: Hashable, Sendable {
    package var id: String
    package var name: String
    package var number: String?

    package init(id: String, name: String, number: String?) {
      self.id = id
      self.name = name
      self.number = number
    }
  }

  /// What a walk over the whole list gives.
  package static func rows(
    _ book: PlainAddressBook, _ kind: ListKind, _ search: PlainAddressBook.Text?
  ) -> [Row] {
    book.entries[kind, default: []]
      .filter { Self.matches($0, search?.folded ?? "") }
      .sorted(by: Self.isBefore)
      .map { entry in
        Row(
          id: entry.id, name: entry.names.first?.text ?? entry.number.map { "+" + $0 } ?? "",
          number: entry.number)
      }
  }

  private static func matches(_ entry: PlainAddressBook.Entry, _ search: String) -> Bool {
    let names = entry.names.map(\.folded)
    func isAnywhere(_ word: String) -> Bool {
      (names + [entry.number ?? ""]).contains { Self.contains($0, word) }
    }
    var words = search.split { $0 == " " || $0 == "\t" }.map(String.init)[...]
    while let word = words.first {
      let run = words.prefix { $0.allSatisfy("0123456789+-().".contains) }
      guard !run.isEmpty else {
        guard isAnywhere(word) else { return false }
        words.removeFirst()
        continue
      }
      words.removeFirst(run.count)
      let digits = run.joined().filter("0123456789".contains)
      let isNumber = !digits.isEmpty && isAnywhere(digits)
      guard isNumber || run.allSatisfy(isAnywhere) else { return false }
    }
    return true
  }

  private static func contains(_ text: String, _ wanted: String) -> Bool {
    let (text, wanted) = (Array(text.utf8), Array(wanted.utf8))
    guard text.count >= wanted.count else { return false }
    return (0...(text.count - wanted.count)).contains { start in
      Array(text[start..<(start + wanted.count)]) == wanted
    }
  }

  private static func isBefore(_ left: PlainAddressBook.Entry, _ right: PlainAddressBook.Entry)
    -> Bool
  {
    func rank(_ entry: PlainAddressBook.Entry) -> Int {
      entry.names.isEmpty ? (entry.number == nil ? 2 : 1) : 0
    }
    func keys(_ entry: PlainAddressBook.Entry) -> [[UInt8]] {
      [entry.names.first?.folded ?? "", entry.names.first?.text ?? "", entry.id]
        .map { Array($0.utf8) }
    }
    if rank(left) != rank(right) { return rank(left) < rank(right) }
    for (first, second) in zip(keys(left), keys(right)) where first != second {
      return first.lexicographicallyPrecedes(second)
    }
    return false
  }
}
