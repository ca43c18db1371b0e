package import NIOCore

/// How bytes are cut on their way. What they mean must not depend on it.
package enum Cut: CaseIterable {
  case whole, byteByByte, random
}

extension ByteBuffer {
  /// The pieces are slices of one storage, as the pieces of a read are.
  package func pieces(_ cut: Cut, seed: UInt8) -> [ByteBuffer] {
    var rest = self
    var pieces: [ByteBuffer] = []
    var state = UInt32(seed) &+ 1
    while rest.readableBytes > 0 {
      let size: Int
      switch cut {
      case .whole: size = rest.readableBytes
      case .byteByByte: size = 1
      case .random:
        // Knuth's generator is random enough to cut by.
        state = state &* 1_664_525 &+ 1_013_904_223
        size = 1 + Int(state >> 24) % 40
      }
      guard let piece = rest.readSlice(length: min(size, rest.readableBytes)) else { break }
      pieces.append(piece)
    }
    return pieces
  }
}
