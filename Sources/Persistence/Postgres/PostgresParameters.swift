/// The values of one statement, as libpq takes them.
struct PostgresParameters {
  private static let binary: Int32 = 1

  /// One after the other, and never nothing: a pointer to it is not null.
  private var bytes: [UInt8] = [0]
  /// Where each is; nil for null.
  private var ranges: [Range<Int>?] = []

  init(_ values: [PostgresValue]) throws(PostgresFailure) {
    self.ranges.reserveCapacity(values.count)
    for value in values {
      if case .null = value {
        self.ranges.append(nil)
        continue
      }
      let start = self.bytes.count
      try value.encode(into: &self.bytes)
      self.ranges.append(start..<self.bytes.count)
    }
  }

  func withPointers<Value>(
    _ body: (
      _ count: Int32, _ values: [UnsafePointer<CChar>?], _ lengths: [Int32], _ formats: [Int32]
    ) -> Value
  ) -> Value {
    self.bytes.withUnsafeBytes { bytes in
      let pointers = self.ranges.map { range -> UnsafePointer<CChar>? in
        guard let range else { return nil }
        return bytes.baseAddress.map {
          ($0 + range.lowerBound).assumingMemoryBound(to: CChar.self)
        }
      }
      return body(
        Int32(self.ranges.count), pointers, self.ranges.map { Int32($0?.count ?? 0) },
        Array(repeating: Self.binary, count: self.ranges.count))
    }
  }
}
