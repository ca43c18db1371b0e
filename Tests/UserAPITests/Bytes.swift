import NIOCore
import Testing

extension ByteBuffer {
  /// Reads pairs of hexadecimal digits, however spaced.
  init(hex: String) throws {
    self.init()
    let digits = hex.filter { $0 != " " }
    try #require(digits.count % 2 == 0)
    var rest = digits[...]
    while !rest.isEmpty {
      self.writeInteger(try #require(UInt8(rest.prefix(2), radix: 16)))
      rest = rest.dropFirst(2)
    }
  }

  var text: String { String(buffer: self) }

  /// An envelope, written without the code under test.
  static func envelope(_ json: String, flags: UInt8 = 0) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeInteger(flags)
    buffer.writeInteger(UInt32(json.utf8.count))
    buffer.writeString(json)
    return buffer
  }

  static func + (left: ByteBuffer, right: ByteBuffer) -> ByteBuffer {
    var sum = left
    sum.writeImmutableBuffer(right)
    return sum
  }

  /// Every way to cut these bytes that a reader must not notice: whole, byte by byte, in pieces
  /// of every size, and in two at every place. The pieces are slices of one storage, as the pieces
  /// of a read are.
  var splits: [[ByteBuffer]] {
    let count = self.readableBytes
    guard count > 0 else { return [[]] }
    func cut(_ places: [Int]) -> [ByteBuffer] {
      let ends = places + [count]
      let starts = [0] + places
      return zip(starts, ends).compactMap { start, end in
        self.getSlice(at: self.readerIndex + start, length: end - start)
      }
    }
    return (1...count).map { size in cut(Array(stride(from: size, to: count, by: size))) }
      + (1..<max(count, 2)).map { cut([min($0, count)]) }
  }
}
