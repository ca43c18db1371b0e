internal import Foundation
internal import UserAPI

infix operator ~ : ComparisonPrecedence

extension JSONValue {
  /// Equality by scalars; that of `String` takes canonically equivalent ones for the same.
  static func ~ (one: JSONValue, other: JSONValue) -> Bool {
    guard case .string(let one) = one, case .string(let other) = other else { return one == other }
    return one.unicodeScalars.elementsEqual(other.unicodeScalars)
  }

  var hasInfinity: Bool {
    switch self {
    case .number(let number): number.isInfinite
    case .array(let values): values.contains { $0.hasInfinity }
    case .object(let object): object.members.contains { $0.value.hasInfinity }
    case .null, .bool, .integer, .string: false
    }
  }

  /// All strings in it, keys among them.
  var strings: [String] {
    switch self {
    case .string(let string): [string]
    case .array(let values): values.flatMap(\.strings)
    case .object(let object): object.members.flatMap { [$0.key] + $0.value.strings }
    case .null, .bool, .integer, .number: []
    }
  }

  /// Whether Foundation read the same.
  func means(_ other: Any) -> Bool {
    switch self {
    case .null: return other is NSNull
    case .bool(let bool): return (other as? Bool) == bool
    case .integer(let integer): return (other as? NSNumber)?.int64Value == Int64(integer)
    case .number(let number):
      // Foundation reads long numbers as decimals, and makes doubles of those inexactly.
      return (other as? NSNumber).map { abs($0.doubleValue - number) <= abs(number) / 1e14 } == true
    case .string(let string):
      // Foundation loses a U+FEFF here and there.
      return (other as? String)?.unicodeScalars.filter { $0 != "\u{FEFF}" }
        .elementsEqual(string.unicodeScalars.filter { $0 != "\u{FEFF}" }) == true
    case .array(let values):
      guard let others = other as? [Any], others.count == values.count else { return false }
      return zip(values, others).allSatisfy { $0.means($1) }
    case .object(let object):
      guard let others = other as? [String: Any] else { return false }
      return object.means(others)
    }
  }
}

extension JSONObject {
  fileprivate func means(_ others: [String: Any]) -> Bool {
    // It takes keys for the same that we do not, once they have lost theirs.
    if self.members.contains(where: { $0.key.unicodeScalars.contains("\u{FEFF}") }) { return true }
    guard Set(self.members.map(\.key)).count == others.count else { return false }
    return self.members.allSatisfy { member in
      guard let value = self[member.key], let other = others[member.key] else { return false }
      return value.means(other)
    }
  }
}
