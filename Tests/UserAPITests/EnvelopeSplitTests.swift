import NIOCore
import Testing
import UserAPI

@Suite struct EnvelopeSplitTests {
  @Test func `a decoder gives the same envelopes however their bytes are split`() throws {
    let bytes =
      ByteBuffer.envelope(#"{"a":1}"#) + .envelope("") + .envelope("{}", flags: 1)
      + .envelope("{}", flags: 2) + .envelope("[]", flags: 3)
    for pieces in bytes.splits {
      var decoder = EnvelopeDecoder(maximumLength: 7)
      var envelopes: [Envelope] = []
      for piece in pieces {
        decoder.append(piece)
        while let envelope = try decoder.next() { envelopes.append(envelope) }
      }
      #expect(envelopes.map(\.flags.rawValue) == [0, 0, 1, 2, 3])
      #expect(envelopes.map(\.payload.text) == [#"{"a":1}"#, "", "{}", "{}", "[]"])
      #expect(decoder.isAtBoundary)
    }
  }

  @Test func `every prefix of an envelope waits for more`() throws {
    let bytes = ByteBuffer.envelope(#"{"a":1}"#)
    for count in 1..<bytes.readableBytes {
      var decoder = EnvelopeDecoder(maximumLength: 7)
      decoder.append(try #require(bytes.getSlice(at: 0, length: count)))
      #expect(try decoder.next() == nil)
      #expect(!decoder.isAtBoundary)
    }
  }

  @Test func `a body may end before, between and after envelopes only`() throws {
    var decoder = EnvelopeDecoder(maximumLength: 7)
    #expect(decoder.isAtBoundary)
    decoder.append(.envelope("{}"))
    #expect(!decoder.isAtBoundary)
    _ = try decoder.next()
    #expect(decoder.isAtBoundary)
    decoder.append(ByteBuffer())
    #expect(decoder.isAtBoundary)
  }

  @Test(arguments: [UInt8(0x04), 0x08, 0x10, 0x20, 0x40, 0x80, 0x05, 0x06, 0xFF])
  func `a reserved flag is refused with the header`(flags: UInt8) {
    var decoder = EnvelopeDecoder(maximumLength: 7)
    decoder.append(ByteBuffer(bytes: [flags, 0, 0, 0, 1]))
    let error = #expect(throws: UserAPIError.self) { try decoder.next() }
    #expect(error?.reason == .invalidEnvelope)
  }

  @Test func `a length over the limit is refused with the header`() throws {
    for length in [UInt32(8), 256, 1 << 16, 1 << 24, 1 << 31, .max] {
      var decoder = EnvelopeDecoder(maximumLength: 7)
      var header = ByteBuffer(bytes: [0])
      header.writeInteger(length)
      decoder.append(try #require(header.getSlice(at: 0, length: 4)))
      #expect(try decoder.next() == nil)
      decoder.append(try #require(header.getSlice(at: 4, length: 1)))
      let error = #expect(throws: UserAPIError.self) { try decoder.next() }
      #expect(error?.reason == .messageTooLarge)
    }
  }

  @Test func `a length of the limit is taken`() throws {
    var decoder = EnvelopeDecoder(maximumLength: 7)
    decoder.append(.envelope("1234567"))
    #expect(try decoder.next()?.payload.text == "1234567")
  }

  @Test func `a slow peer does not keep the storage of what it was read into alive`() throws {
    var read = ByteBuffer(repeating: 0, count: 1 << 16)
    read.setInteger(UInt32(1 << 10), at: 1)
    let pending = try #require(read.getSlice(at: 0, length: 6))
    var decoder = EnvelopeDecoder(maximumLength: 1 << 20)
    decoder.append(pending)
    #expect(try decoder.next() == nil)
    decoder.append(ByteBuffer(repeating: 0, count: (1 << 10) - 1))
    let payload = try #require(try decoder.next()).payload
    #expect(payload.storageCapacity < 1 << 13)
  }

  /// Copying all that waits for every piece would take minutes here.
  @Test(.timeLimit(.minutes(10)), arguments: ContentType.allCases)
  func `a long message in small pieces costs no more than its length`(
    contentType: ContentType
  ) throws {
    let length = 16 << 20
    let piece = ByteBuffer(repeating: 0x20, count: 64)
    var body = RequestBody(contentType: contentType, limit: length, allowsEmpty: false)
    if contentType.isFramed {
      try body.append(ByteBuffer(bytes: [0, 1, 0, 0, 0]))
    }
    for _ in 0..<(length / 64) { try body.append(piece) }
    #expect(try body.finish().readableBytes == length)
  }
}
