internal import UserAPI

/// Who a user is, as a key. Two ids are one only when they are the same bytes: Swift's strings are
/// equal when people would read them alike, which is not enough to tell users apart.
package struct UserID: Sendable {
  private let text: String

  package init(_ text: String) {
    self.text = text
  }
}

extension UserID: Hashable {
  package static func == (left: Self, right: Self) -> Bool {
    left.text.hasSameBytes(as: right.text)
  }

  package func hash(into hasher: inout Hasher) {
    var text = self.text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
