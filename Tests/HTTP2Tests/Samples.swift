import HTTP2
import NIOCore

extension Headers {
  static let request: Headers = [
    ":method": "POST", ":scheme": "http", ":authority": "example.test", ":path": "/a",
  ]
  static let response: Headers = [":status": "200", "content-type": "text/plain"]

  static func request(path: String) -> Headers {
    [":method": "POST", ":scheme": "http", ":authority": "example.test", ":path": path]
  }

  func adding(_ fields: [(String, String)]) -> Headers {
    var sum = self
    for (name, value) in fields { sum.append(name, value) }
    return sum
  }
}

extension ByteBuffer {
  static let empty = ByteBuffer()

  /// Bytes in which every place looks different from its neighbours.
  static func pattern(_ count: Int, seed: UInt64 = 1) -> ByteBuffer {
    var random = SeededRandom(seed: seed)
    var buffer = ByteBuffer()
    buffer.reserveCapacity(count + 8)
    while buffer.readableBytes < count { buffer.writeInteger(random.next()) }
    return buffer.getSlice(at: 0, length: count) ?? buffer
  }

  /// The next `count` bytes, or as many as there are.
  mutating func readUpTo(_ count: Int) -> ByteBuffer {
    self.readSlice(length: min(count, self.readableBytes)) ?? ByteBuffer()
  }
}

extension StreamID: ExpressibleByIntegerLiteral {
  /// Makes the identifier that the test wrote down.
  public init(integerLiteral value: Int32) {
    self.init(rawValue: value)
  }
}
