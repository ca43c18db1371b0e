/// The head of a frame (RFC 9113, section 4.1).
struct FrameHead: Equatable {
  var length: Int
  var type: UInt8
  var flags: UInt8
  var stream: UInt32
  /// Whether a header block had begun and not ended before this frame.
  var isInsideBlock: Bool

  enum Kind {
    static let data: UInt8 = 0x0
    static let headers: UInt8 = 0x1
    static let priority: UInt8 = 0x2
    static let reset: UInt8 = 0x3
    static let settings: UInt8 = 0x4
    static let pushPromise: UInt8 = 0x5
    static let ping: UInt8 = 0x6
    static let windowUpdate: UInt8 = 0x8
    static let continuation: UInt8 = 0x9
  }

  var endsStream: Bool { self.flags & 0x1 != 0 }
  var isPadded: Bool { self.flags & 0x8 != 0 }
  var endsHeaders: Bool { self.flags & 0x4 != 0 }
  var isOfHeaderBlock: Bool {
    self.type == Kind.headers || self.type == Kind.continuation
  }
}

/// Finds the heads of the frames in the bytes of a peer as they pass, however they are cut, and
/// keeps none of them.
struct FrameScanner {
  /// The length of a head, in bytes.
  private static let headLength = 9

  /// Bytes to pass before the next head begins.
  private var skip: Int
  /// What has come of a head, and how many bytes of it.
  private var head: (high: UInt8, low: UInt64) = (0, 0)
  private var headCount = 0
  private var isInsideBlock = false
  /// Whether the block, if it is one, ends with the frame that passes.
  private var blockEnds = true
  private var hasHead = false
  /// Whether the peer's preface has come: the magic of a client, and a first frame.
  private(set) var hasPreface = false

  /// How many header blocks have begun.
  private var headerBlocks = 0

  /// - Parameter prefaceLength: How many bytes come before the first frame.
  init(prefaceLength: Int) {
    self.skip = prefaceLength
  }

  /// The number of the header block that has begun and not ended, nil outside of one. The head of a
  /// frame that is not whole may be that of the next.
  var openBlock: Int? {
    if self.isInsideBlock { return self.headerBlocks }
    return self.headCount > 0 ? self.headerBlocks + 1 : nil
  }

  /// Reads on to the end of the next head.
  ///
  /// - Parameters:
  ///   - bytes: What came; the same until this returns nil.
  ///   - offset: Where to begin; then where the head has ended.
  /// - Returns: The head that is completed by `bytes`, or nil when they complete no other.
  mutating func nextHead(
    in bytes: UnsafeRawBufferPointer, from offset: inout Int
  ) -> FrameHead? {
    while offset < bytes.count {
      if self.skip > 0 {
        let count = min(self.skip, bytes.count - offset)
        self.skip -= count
        offset += count
        if self.skip == 0 { self.passedPayload() }
        continue
      }
      if self.headCount == 0, bytes.count - offset >= Self.headLength {
        self.head.high = bytes[offset]
        self.head.low = UInt64(
          bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 1, as: UInt64.self))
        offset += Self.headLength
        return self.completeHead()
      }
      if self.headCount == 0 {
        self.head.high = bytes[offset]
      } else {
        self.head.low = self.head.low << 8 | UInt64(bytes[offset])
      }
      self.headCount += 1
      offset += 1
      guard self.headCount == Self.headLength else { continue }
      self.headCount = 0
      return self.completeHead()
    }
    return nil
  }

  private mutating func completeHead() -> FrameHead {
    let low = self.head.low
    let head = FrameHead(
      length: Int(self.head.high) << 16 | Int(low >> 48), type: UInt8(low >> 40 & 0xff),
      flags: UInt8(low >> 32 & 0xff), stream: UInt32(low & 0x7fff_ffff),
      isInsideBlock: self.isInsideBlock)
    self.skip = head.length
    self.hasHead = true
    // A block without its end goes on after this frame, one with it until the payload has passed.
    self.blockEnds = head.endsHeaders || !head.isOfHeaderBlock
    self.isInsideBlock = head.isOfHeaderBlock
    if head.type == FrameHead.Kind.headers { self.headerBlocks += 1 }
    if head.length == 0 { self.passedPayload() }
    return head
  }

  private mutating func passedPayload() {
    if self.blockEnds { self.isInsideBlock = false }
    self.hasPreface = self.hasHead
  }
}
