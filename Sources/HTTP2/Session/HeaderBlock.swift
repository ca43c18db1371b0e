internal import CNghttp2

/// A header block as it arrives, beside the one that came before it on the connection.
///
/// Most requests of a connection repeat the one before. What is the same to the byte is taken from
/// there, and a block that is the same as a whole is the very same ``Headers``: whoever reads them
/// need not read them again.
struct HeaderBlock {
  /// The largest block that is remembered, in bytes: it stays for as long as the connection.
  private static let maxRememberedSize = 4 << 10

  /// The block that came last.
  private var last = Headers()
  /// Its names and values one behind the other, and where each of them ends.
  private var lastBytes: [UInt8] = []
  private var lastEnds: [(name: Int, value: Int)] = []

  /// How many fields have come.
  private var count = 0
  /// Those fields; nil as long as they are the first of the block that came last.
  private var fields: Headers?
  private(set) var isTruncated = false

  /// Begins a block.
  mutating func begin() {
    self.count = 0
    self.fields = nil
    self.isTruncated = false
  }

  mutating func append(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
    let index = self.count
    self.count += 1
    if index < self.lastEnds.count, self.repeats(index, name, value) {
      self.fields?.append(self.last.fields[index])
      return
    }
    if self.fields == nil { self.fields = Headers(Array(self.last.fields[..<index])) }
    self.fields?.append(
      String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
  }

  /// Leaves out what comes from here on.
  mutating func truncate() {
    self.isTruncated = true
  }

  /// Ends the block.
  ///
  /// - Returns: The block, and whether it is the one that was remembered.
  mutating func end() -> (headers: Headers, isRepeated: Bool) {
    defer { self.begin() }
    let isWhole = !self.isTruncated
    if self.fields == nil, isWhole, self.count == self.lastEnds.count, self.count > 0 {
      return (self.last, true)
    }
    var headers = self.fields ?? Headers(Array(self.last.fields[..<self.count]))
    if !isWhole { headers.truncate() }
    return (headers, false)
  }

  /// Has the next block compared with this one.
  mutating func remember(_ headers: Headers) {
    self.lastBytes.removeAll(keepingCapacity: true)
    self.lastEnds.removeAll(keepingCapacity: true)
    self.last = Headers()
    let size = headers.fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    guard !headers.isTruncated, size <= Self.maxRememberedSize else { return }
    self.last = headers
    for field in headers.fields {
      self.lastBytes.append(contentsOf: field.name.utf8)
      let name = self.lastBytes.count
      self.lastBytes.append(contentsOf: field.value.utf8)
      self.lastEnds.append((name, self.lastBytes.count))
    }
  }

  private func repeats(
    _ index: Int, _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    let start = index == 0 ? 0 : self.lastEnds[index - 1].value
    let end = self.lastEnds[index]
    guard name.count == end.name - start, value.count == end.value - end.name else { return false }
    return self.lastBytes.withUnsafeBytes { bytes in
      UnsafeRawBufferPointer(rebasing: bytes[start..<end.name]).hasSameBytes(as: name)
        && UnsafeRawBufferPointer(rebasing: bytes[end.name..<end.value]).hasSameBytes(as: value)
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Of one that is as long.
  fileprivate func hasSameBytes(as other: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let base = self.baseAddress, let otherBase = other.baseAddress else { return true }
    return memcmp(base, otherBase, self.count) == 0
  }
}
