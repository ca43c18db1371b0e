package import UserAPI

/// What a caller may do.
package struct Scopes: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  package init(_ scope: Scope) {
    self =
      switch scope {
      case .sessionRead: .sessionRead
      case .sessionWrite: .sessionWrite
      case .directoryRead: .directoryRead
      case .actAs: .actAs
      }
  }

  /// Those of the words that are scopes; a token may carry others, which are for other services.
  package init(words: some Sequence<String>) {
    self = words.reduce(into: []) { scopes, word in
      if let scope = Scope(rawValue: word) { scopes.insert(Scopes(scope)) }
    }
  }

  package static let sessionRead = Self(rawValue: 1 << 0)
  package static let sessionWrite = Self(rawValue: 1 << 1)
  package static let directoryRead = Self(rawValue: 1 << 2)
  package static let actAs = Self(rawValue: 1 << 3)

  /// The words, in the order of proto-spec.md.
  package var words: [String] {
    Scope.allCases.filter { self.contains(Scopes($0)) }.map(\.rawValue)
  }
}
