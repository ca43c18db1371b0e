package import DirectoryService

/// The two lists, so that what holds for both is tested on both.
package enum ListKind: CaseIterable, Sendable {
  case groups, contacts
}

/// A random address book, and what a person would look for in it.
package struct PlainAddressBook: Sendable, Equatable {
  /// A text with the form in which it is compared, written out by hand.
  package struct Text: Sendable, Equatable {
    package var text: String
    package var folded: String

    package init(text: String, folded: String) {
      self.text = text
      self.folded = folded
    }
  }

  package struct Entry: Sendable, Equatable {
    package var id: String
    package var names: [Text]
    package var number: String?

    package init(id: String, names: [Text], number: String?) {
      self.id = id
      self.names = names
      self.number = number
    }
  }

  /// Syllables whose case, form and marks are worth a test: the same letters composed and
  /// decomposed, letters whose other case is longer, scripts with and without marks.
  private static let syllables: [Text] = [
    Text(text: "ana", folded: "ana"), Text(text: "ANA", folded: "ana"),
    Text(text: "Bo", folded: "bo"), Text(text: "é", folded: "e"),
    Text(text: "e\u{301}", folded: "e"), Text(text: "É", folded: "e"),
    Text(text: "ß", folded: "ss"), Text(text: "İ", folded: "i"),
    Text(text: "Σας", folded: "σασ"), Text(text: "я", folded: "я"),
    Text(text: "Я", folded: "я"), Text(text: "Й", folded: "и"), Text(text: "ł", folded: "l"),
    Text(text: "🏖", folded: "🏖"), Text(text: "👩‍👧", folded: "👩👧"),
    Text(text: "كَ", folded: "ك"), Text(text: "दू", folded: "द"), Text(text: "٣", folded: "3"),
    Text(text: "ﬁ", folded: "fi"), Text(text: " ", folded: " "), Text(text: "12", folded: "12"),
    Text(text: "(3)", folded: "(3)"), Text(text: "f", folded: "f"), Text(text: "Z", folded: "z"),
  ]

  package var entries: [ListKind: [Entry]] = [.groups: [], .contacts: []]

  package init(seed: UInt64, size: Int) {
    var random = SeededRandom(seed: seed)
    for index in 0..<size {
      let groupID = "\(Int.random(in: 0..<10_000, using: &random))-\(index)@g.us"
      let name = Bool.random(using: &random) ? [Self.name(&random)] : []
      self.entries[.groups]?.append(Entry(id: groupID, names: name, number: nil))
      let number = "1555\(Int.random(in: 1_000..<2_000, using: &random))\(index)"
      let isHidden = Int.random(in: 0..<4, using: &random) == 0
      self.entries[.contacts]?.append(
        Entry(
          id: isHidden ? "9\(index)@lid" : number + "@c.us",
          names: (0..<Int.random(in: 0..<4, using: &random)).map { _ in Self.name(&random) },
          number: isHidden ? nil : number))
    }
  }

  package var groups: [Group] {
    self.entries[.groups, default: []].map { Group(id: $0.id, name: $0.names.first?.text) }
  }

  package var contacts: [Contact] {
    self.entries[.contacts, default: []].map {
      Contact(id: $0.id, names: $0.names.map(\.text), number: $0.number)
    }
  }

  /// What a person may type, among it words that are in the book.
  package static func searches(seed: UInt64) -> [Text?] {
    var random = SeededRandom(seed: seed)
    let fixed: [Text?] = [
      nil, Text(text: "", folded: ""), Text(text: " \t ", folded: ""),
      Text(text: "ANA", folded: "ana"), Text(text: " E\u{301}  bo ", folded: "e bo"),
      Text(text: "1555", folded: "1555"), Text(text: "+1 (555) 1", folded: "+1 (555) 1"),
      Text(text: "ana 12 3", folded: "ana 12 3"), Text(text: "no such", folded: "no such"),
    ]
    return fixed + (0..<4).map { _ in Self.name(&random) }
  }

  private static func name(_ random: inout SeededRandom) -> Text {
    var name = Text(text: "x", folded: "x")
    for _ in 0..<Int.random(in: 0..<4, using: &random) {
      guard let syllable = Self.syllables.randomElement(using: &random) else { continue }
      name.text += syllable.text
      name.folded += syllable.folded
    }
    guard Bool.random(using: &random) else { return name }
    // An emoji or a mark may begin a name as well.
    return Text(text: name.text + " n", folded: name.folded + " n")
  }
}
