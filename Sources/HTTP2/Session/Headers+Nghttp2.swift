internal import CNghttp2

extension Headers {
  /// Calls `body` with the fields as libnghttp2 wants them; it copies what it keeps.
  func withNameValues<Result>(
    _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result
  ) -> Result {
    let size = self.fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(size, 1)) { bytes in
      withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: self.fields.count) { pairs in
        var offset = 0
        func copy(_ text: String) -> (UnsafeMutablePointer<UInt8>?, Int) {
          let count = text.utf8.count
          let target = UnsafeMutableBufferPointer(rebasing: bytes[offset..<(offset + count)])
          _ = target.initialize(from: text.utf8)
          offset += count
          return (target.baseAddress, count)
        }
        for (index, field) in self.fields.enumerated() {
          let (name, nameLength) = copy(field.name)
          let (value, valueLength) = copy(field.value)
          pairs.initializeElement(
            at: index,
            to: nghttp2_nv(
              name: name, value: value, namelen: nameLength, valuelen: valueLength,
              flags: UInt8(
                field.isForOneUse
                  ? NGHTTP2_NV_FLAG_NO_INDEX.rawValue : NGHTTP2_NV_FLAG_NONE.rawValue))
          )
        }
        return body(UnsafePointer(pairs.baseAddress), self.fields.count)
      }
    }
  }
}

extension Headers.Field {
  /// Whether the value must not enter a compression table (RFC 7541, section 7.1.3), or would only push
  /// others out of it.
  fileprivate var isForOneUse: Bool {
    self.name == "authorization" || self.name == "x-request-id"
  }
}
