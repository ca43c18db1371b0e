/// The members that are wanted of objects with many.
package struct JSONKeys: Sendable {
  private let keys: [(text: String, bytes: [UInt8])]

  package init(_ keys: [String]) {
    self.keys = keys.map { ($0, Array($0.utf8)) }
  }

  /// The key that these bytes spell; nil when it is none of them.
  func first(_ bytes: Span<UInt8>) -> String? {
    for key in self.keys where key.bytes.count == bytes.count {
      var index = 0
      while index < bytes.count, key.bytes[index] == bytes[index] { index += 1 }
      if index == bytes.count { return key.text }
    }
    return nil
  }
}
