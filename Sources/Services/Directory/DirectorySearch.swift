internal import CGlibc
internal import UserAPI

/// What a caller looks for: words, all of which an entry must have, in any order and in any of its
/// names or in its number.
///
/// Words that look like a number, one behind the other, are also taken together for one number,
/// however it is written.
struct DirectorySearch: Sendable {
  /// Something that an entry must have.
  private enum Term {
    /// Anywhere in it.
    case word([UInt8])
    /// The digits anywhere in it, or else each of the words.
    case number(digits: [UInt8], words: [[UInt8]])
  }

  /// How many words there may be.
  static let maximumWords = 16

  private let terms: [Term]
  /// The longest text that every match has.
  private let commonText: [UInt8]

  /// Nil when there is nothing in it to look for.
  ///
  /// - Throws: `INVALID_FIELD` when there are more words than ``maximumWords``.
  init?(_ text: String) throws(UserAPIError) {
    var folded: [UInt8] = []
    SearchText.append(text, to: &folded)
    var terms: [Term] = []
    var number: [[UInt8]] = []
    func endNumber() {
      defer { number = [] }
      let digits = number.joined().filter(Self.isDigit)
      if number == [digits] || digits.isEmpty {
        terms += number.map(Term.word)
      } else {
        terms.append(.number(digits: digits, words: number))
      }
    }
    let words = folded.split(separator: 0x20).map(Array.init)
    guard words.count <= Self.maximumWords else {
      throw UserAPIError(.invalidField, "search: must be at most \(Self.maximumWords) words")
    }
    for word in words {
      if word.allSatisfy(Self.isOfNumber) {
        number.append(word)
      } else {
        endNumber()
        terms.append(.word(word))
      }
    }
    endNumber()
    self.terms = terms
    guard let commonText = terms.flatMap(Self.commonTexts).max(by: { $0.count < $1.count }) else {
      return nil
    }
    self.commonText = commonText
  }

  /// What every entry has that has the term.
  private static func commonTexts(_ term: Term) -> [[UInt8]] {
    switch term {
    case .word(let word): [word]
    // Digits that stand together in a word do so in the number too.
    case .number(_, let words): words.flatMap { $0.split { !Self.isDigit($0) }.map(Array.init) }
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isOfNumber(_ byte: UInt8) -> Bool {
    Self.isDigit(byte) || "+-().".utf8.contains(byte)
  }

  /// Where the next entry may be that matches; nil when none does.
  func firstCandidate(in texts: UnsafeRawBufferPointer, from position: Int) -> Int? {
    Self.find(self.commonText, in: UnsafeRawBufferPointer(rebasing: texts[position...]))
      .map { $0 + position }
  }

  /// Whether an entry is one of those that are looked for.
  ///
  /// - Parameter text: Its search text (``Snapshot/Entry/searchText``).
  func matches(_ text: UnsafeRawBufferPointer) -> Bool {
    self.terms.allSatisfy { term in
      switch term {
      case .word(let word): return Self.find(word, in: text) != nil
      case .number(let digits, let words):
        if Self.find(digits, in: text) != nil { return true }
        return words.allSatisfy { Self.find($0, in: text) != nil }
      }
    }
  }

  private static func find(_ wanted: [UInt8], in text: UnsafeRawBufferPointer) -> Int? {
    guard let base = text.baseAddress, let found = memmem(base, text.count, wanted, wanted.count)
    else { return nil }
    return base.distance(to: UnsafeRawPointer(found))
  }
}
