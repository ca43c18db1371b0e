/// A JSON value that keeps the order of its members, so an answer reads as it is written here.
package enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  /// A text whose last character is cut in two, as JavaScript does it: what is left is the first
  /// half of a pair of surrogates.
  case cut(String)
  case array([JSON])
  case object([Member])
  /// Leaves its member out of the object, as JavaScript's value of that name does.
  case undefined

  package struct Member: Sendable, Equatable {
    package var key: String
    package var value: JSON

    package init(key: String, value: JSON) {
      self.key = key
      self.value = value
    }
  }

  /// The member with this key; nil when there is none or this is no object.
  package subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  package var text: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  package var items: [JSON]? {
    guard case .array(let items) = self else { return nil }
    return items
  }

  package var integer: Int? {
    guard case .int(let number) = self else { return nil }
    return number
  }

  /// A whole number or a fraction.
  package var number: Double? {
    switch self {
    case .int(let number): Double(number)
    case .double(let number): number
    case .null, .bool, .string, .cut, .array, .object, .undefined: nil
    }
  }

  /// `null` for a missing text.
  static func orNull(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }

  /// Left out for a missing text.
  static func orUndefined(_ text: String?) -> JSON { text.map { .string($0) } ?? .undefined }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
  ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByStringInterpolation
{
  package init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(elements.map { Member(key: $0.0, value: $0.1) })
  }

  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .int(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
}
