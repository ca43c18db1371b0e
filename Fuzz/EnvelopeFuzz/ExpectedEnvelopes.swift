internal import UserAPI

/// The envelopes in a body, read as proto-spec.md, section 4, has them and without the code under
/// test.
struct ExpectedEnvelopes {
  struct Envelope: Equatable {
    var flags: UInt8
    var payload: [UInt8]
  }

  private(set) var envelopes: [Envelope] = []
  /// Where each of them ends.
  private(set) var ends: [Int] = []
  private(set) var refusal: ErrorReason?
  /// How many bytes tell that there is a refusal.
  private(set) var refusedAt = 0
  private(set) var isAtBoundary = true

  init(_ bytes: [UInt8], limit: Int) {
    var index = 0
    while bytes.count - index >= 5 {
      let length = bytes[(index + 1)..<(index + 5)].reduce(0) { $0 << 8 | Int($1) }
      if bytes[index] > 3 || length > limit {
        self.refusal = bytes[index] > 3 ? .invalidEnvelope : .messageTooLarge
        self.refusedAt = index + 5
        return
      }
      guard bytes.count - index - 5 >= length else { break }
      self.envelopes.append(
        Envelope(
          flags: bytes[index], payload: Array(bytes[(index + 5)..<(index + 5 + length)])))
      index += 5 + length
      self.ends.append(index)
    }
    self.isAtBoundary = index == bytes.count
  }
}
