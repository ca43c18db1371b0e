internal import Foundation

/// What a caller looks for: words, all of which an entry must have, in any order and in any of its
/// names or in its number.
///
/// Words that look like a number, one behind the other, are taken together for one number however
/// it is written, and also for words that a name must have.
struct DirectorySearch: Sendable, Equatable {
  /// Something that an entry must have.
  private enum Term: Equatable {
    /// Anywhere in it.
    case word([UInt8])
    /// The digits in it, or else each of the words in its names.
    case number(digits: [UInt8], words: [[UInt8]])
  }

  private let terms: [Term]
  /// The longest text that every match has; nil when there is none.
  private let commonText: [UInt8]?

  /// Nil when there is nothing in it to look for.
  init?(_ text: String) {
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
    for word in folded.split(separator: 0x20).map(Array.init) {
      if word.allSatisfy(Self.isOfNumber) {
        number.append(word)
      } else {
        endNumber()
        terms.append(.word(word))
      }
    }
    endNumber()
    guard !terms.isEmpty else { return nil }
    self.terms = terms
    self.commonText =
      terms.compactMap { term in if case .word(let word) = term { word } else { nil } }
      .max { $0.count < $1.count }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isOfNumber(_ byte: UInt8) -> Bool {
    Self.isDigit(byte) || "+-().".utf8.contains(byte)
  }

  /// Where the next entry may be that matches; nil when none does.
  func firstCandidate(in texts: UnsafeRawBufferPointer, from position: Int) -> Int? {
    guard let commonText else { return position }
    return Self.find(commonText, in: UnsafeRawBufferPointer(rebasing: texts[position...]))
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
        let end = text.firstIndex(of: Snapshot.endOfNames) ?? text.startIndex
        let names = UnsafeRawBufferPointer(rebasing: text[..<end])
        return words.allSatisfy { Self.find($0, in: names) != nil }
      }
    }
  }

  private static func find(_ wanted: [UInt8], in text: UnsafeRawBufferPointer) -> Int? {
    guard let base = text.baseAddress, let first = wanted.first else { return nil }
    var position = 0
    while position + wanted.count <= text.count {
      let room = text.count - wanted.count - position + 1
      guard let found = memchr(base + position, Int32(first), room) else { return nil }
      if memcmp(found, wanted, wanted.count) == 0 { return base.distance(to: found) }
      position = base.distance(to: found) + 1
    }
    return nil
  }
}
