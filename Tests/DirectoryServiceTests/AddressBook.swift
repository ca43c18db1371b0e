import DirectoryService
import TestKit

/// A random address book, and what a person would look for in it.
struct AddressBook {
  /// Syllables whose case, form and order are worth a test: the same letters composed and
  /// decomposed, letters whose lower case is longer, and names that differ in case alone.
  private static let syllables = [
    "ana", "ANA", "Bo", "é", "e\u{301}", "É", "ß", "İ", "Σας", "я", "Я", "🏖", "👩‍👩‍👧", " ", "12", "f",
    "Z",
  ]

  var groups: [Group] = []
  var contacts: [Contact] = []
  var searches: [String?] = []

  init(seed: UInt64, size: Int) {
    var random = SeededRandom(seed: seed)
    for index in 0..<size {
      self.groups.append(
        Group(
          id: "\(Int.random(in: 0..<10_000, using: &random))-\(index)@g.us",
          name: Bool.random(using: &random) ? Self.name(&random) : nil))
      let number = "1555\(Int.random(in: 1_000..<2_000, using: &random))\(index)"
      let isHidden = Int.random(in: 0..<4, using: &random) == 0
      self.contacts.append(
        Contact(
          id: isHidden ? "9\(index)@lid" : number + "@c.us",
          names: (0..<Int.random(in: 0..<4, using: &random)).map { _ in Self.name(&random) },
          number: isHidden ? nil : number))
    }
    self.searches = [nil, "", "  ", "a", "ANA", " e\u{301} ", "É", "1555", "+1 (555) 1", "no such"]
    self.searches += (0..<3).map { _ in Self.name(&random) }
  }

  private static func name(_ random: inout SeededRandom) -> String {
    var name = "x"
    for _ in 0..<Int.random(in: 0..<3, using: &random) {
      name += Self.syllables.randomElement(using: &random) ?? ""
    }
    return Bool.random(using: &random) ? name : String(name.dropFirst()) + "n"
  }
}

/// The rules of the specification, in the plainest way.
enum Rules {
  struct Row: Equatable {
    var id: String
    var name: String
    var number: String?
  }

  static func groups(_ book: AddressBook, _ search: String?) -> [Row] {
    Self.sorted(
      book.groups.filter { Self.matches([$0.name ?? ""], nil, search) }
        .map { Row(id: $0.id, name: $0.name ?? "", number: nil) })
  }

  static func contacts(_ book: AddressBook, _ search: String?) -> [Row] {
    Self.sorted(
      book.contacts.filter { Self.matches($0.names, $0.number, search) }.map { contact in
        let name = contact.names.first ?? contact.number.map { "+" + $0 } ?? ""
        return Row(id: contact.id, name: name, number: contact.number)
      })
  }

  private static func matches(_ names: [String], _ number: String?, _ search: String?) -> Bool {
    var wanted = Substring((search ?? "").lowercased())
    while wanted.first?.isWhitespace == true { wanted.removeFirst() }
    while wanted.last?.isWhitespace == true { wanted.removeLast() }
    if wanted.isEmpty { return true }
    if names.contains(where: { Self.contains(Array($0.lowercased().utf8), Array(wanted.utf8)) }) {
      return true
    }
    let digits = wanted.filter { !"+-(). ".contains($0) }
    guard let number, !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else {
      return false
    }
    return Self.contains(Array(number.utf8), Array(digits.utf8))
  }

  private static func contains(_ text: [UInt8], _ wanted: [UInt8]) -> Bool {
    guard text.count >= wanted.count else { return false }
    return (0...(text.count - wanted.count)).contains { start in
      Array(text[start..<(start + wanted.count)]) == wanted
    }
  }

  private static func sorted(_ rows: [Row]) -> [Row] {
    rows.sorted { left, right in
      let (first, second) = (
        Array(left.name.lowercased().utf8), Array(right.name.lowercased().utf8)
      )
      if first.isEmpty != second.isEmpty { return second.isEmpty }
      if first != second { return first.lexicographicallyPrecedes(second) }
      return left.id.utf8.lexicographicallyPrecedes(right.id.utf8)
    }
  }
}
