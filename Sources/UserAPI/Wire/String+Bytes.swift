extension String {
  /// Whether both are the same bytes, in a time that their length bounds. For `==` two are equal that
  /// people would read alike, and to find that out about a long one of somebody's making takes the
  /// square of its length.
  package func hasSameBytes(as other: String) -> Bool {
    let count = self.utf8.count
    guard count == other.utf8.count else { return false }
    let same = self.utf8.withContiguousStorageIfAvailable { own in
      other.utf8.withContiguousStorageIfAvailable { others in
        for index in 0..<count where own[index] != others[index] { return false }
        return true
      }
    }
    return same.flatMap { $0 } ?? self.utf8.elementsEqual(other.utf8)
  }
}
