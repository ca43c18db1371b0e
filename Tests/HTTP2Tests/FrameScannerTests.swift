import NIOCore
import Testing

@testable import HTTP2

@Suite struct FrameScannerTests {
  private static let frames: [Frame] = [
    .settings([3: 100]), .settingsAck,
    .headers(1, ForeignClient.request, flags: []),
    .continuation(1, [("a", "b")], flags: []),
    .continuation(1, [("c", "d")], flags: .endHeaders),
    .data(1, [UInt8](repeating: 7, count: 70_000)), .data(1, [], flags: .endStream),
    .ping([1, 2, 3, 4, 5, 6, 7, 8]), .windowUpdate(0, 1),
    Frame(type: 0xff, flags: .init(rawValue: 0xff), stream: 0xffff_ffff, payload: [1]),
  ]

  private static let heads = Self.frames.map {
    FrameHead(
      length: $0.payload.count, type: $0.type, flags: $0.flags.rawValue,
      stream: $0.stream & 0x7fff_ffff, isInsideBlock: $0.type == FrameHead.Kind.continuation)
  }

  private func bytes() -> [UInt8] {
    [UInt8](Frame.magic.utf8) + [UInt8](ByteBuffer(frames: Self.frames).readableBytesView)
  }

  private func heads(
    _ scanner: inout FrameScanner, _ bytes: some Collection<UInt8>
  ) -> [FrameHead] {
    var heads: [FrameHead] = []
    Array(bytes).withUnsafeBytes { raw in
      var offset = 0
      while let head = scanner.nextHead(in: raw, from: &offset) { heads.append(head) }
    }
    return heads
  }

  @Test(arguments: [1, 2, 3, 5, 8, 9, 10, 13, 1_000, 1_000_000])
  func `finds every head, however the bytes are cut`(size: Int) {
    var scanner = FrameScanner(prefaceLength: 24)
    var rest = self.bytes()[...]
    var found: [FrameHead] = []
    while !rest.isEmpty {
      found += self.heads(&scanner, rest.prefix(size))
      rest = rest.dropFirst(size)
    }
    #expect(found == Self.heads)
  }

  @Test func `knows at every byte what has begun and not ended`() {
    var scanner = FrameScanner(prefaceLength: 24)
    let bytes = self.bytes()
    var offset = 0
    func pass(_ count: Int) {
      _ = self.heads(&scanner, bytes[offset..<(offset + count)])
      offset += count
    }
    pass(24)
    #expect(!scanner.hasPreface && scanner.openBlock == nil)
    // SETTINGS: its head, and its payload but for one byte.
    pass(1)
    #expect(scanner.openBlock == 1)
    pass(8 + 5)
    #expect(!scanner.hasPreface && scanner.openBlock == nil)
    pass(1)
    #expect(scanner.hasPreface)
    pass(9)
    #expect(scanner.openBlock == nil)
    let blockLength = Self.frames[2...4].reduce(0) { $0 + 9 + $1.payload.count }
    for _ in 0..<(blockLength - 1) {
      pass(1)
      #expect(scanner.openBlock == 1)
    }
    pass(1)
    #expect(scanner.openBlock == nil)
    pass(9 + 100)
    #expect(scanner.openBlock == nil)
  }

  @Test func `says where each head has ended`() {
    var scanner = FrameScanner(prefaceLength: 0)
    var ends: [Int] = []
    [UInt8](ByteBuffer(frames: Self.frames).readableBytesView).withUnsafeBytes { raw in
      var offset = 0
      while scanner.nextHead(in: raw, from: &offset) != nil { ends.append(offset) }
    }
    var expected: [Int] = []
    var begin = 0
    for frame in Self.frames {
      expected.append(begin + 9)
      begin += 9 + frame.payload.count
    }
    #expect(ends == expected)
  }
}
