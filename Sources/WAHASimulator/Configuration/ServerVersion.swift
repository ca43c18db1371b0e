/// A WAHA version such as `2026.7.1`: year, month, release within the month.
package struct ServerVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
  package var year: Int
  package var month: Int
  package var release: Int

  package init(_ year: Int, _ month: Int, _ release: Int) {
    self.year = year
    self.month = month
    self.release = release
  }

  /// Nil unless the text is three numbers between dots.
  package init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 3, let year = parts[0], let month = parts[1], let release = parts[2]
    else { return nil }
    self.init(year, month, release)
  }

  package static let latest = Self(2026, 7, 1)

  package var description: String { "\(year).\(month).\(release)" }

  package static func < (left: Self, right: Self) -> Bool {
    (left.year, left.month, left.release) < (right.year, right.month, right.release)
  }
}
