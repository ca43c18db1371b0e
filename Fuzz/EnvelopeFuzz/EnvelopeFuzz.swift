internal import FuzzKit
internal import NIOCore
internal import UserAPI

/// The body of a request: the same bytes give the same message or the same refusal however they
/// are cut, at the same byte as a reader written apart says, and no more is kept than the limit
/// allows.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = FuzzInput(data, count)
  let choices = input.byte()
  let seed = input.byte()
  let contentType = ContentType.allCases[Int(choices & 0x3) % 3]
  let allowsEmpty = choices & 0x4 != 0
  let limit = [0, 7, 64, 1 << 20][Int(choices >> 3 & 0x3)]
  let body = input.remainder()

  let expected = ExpectedBody(
    Array(body.readableBytesView), isFramed: contentType.isFramed, limit: limit,
    allowsEmpty: allowsEmpty)
  for cut in Cut.allCases {
    var request = RequestBody(contentType: contentType, limit: limit, allowsEmpty: allowsEmpty)
    var given = 0
    do throws(UserAPIError) {
      for piece in body.pieces(cut, seed: seed) {
        given += piece.readableBytes
        try request.append(piece)
        if choices & 0x20 != 0 { request.compact() }
      }
      let message = try request.finish()
      check(
        expected.outcome == .message(Array(message.readableBytesView)), "\(cut): \(message)")
      check(
        cut == .whole || message.storageCapacity <= 4 * (limit + 64),
        "\(message.storageCapacity) bytes are kept for \(limit)")
    } catch {
      check(expected.outcome == .refused(error.reason), "\(cut): \(error.reason)")
      // A refusal that waits for more than the bytes that decide it has kept them.
      check(
        cut != .byteByByte || given == min(expected.decidedAt, body.readableBytes),
        "refused at \(given) instead of \(expected.decidedAt)")
    }
  }
  if contentType.isFramed { checkEnvelopes(body, limit: limit, seed: seed) }
  return 0
}

/// The decoder on its own, which a client uses too.
private func checkEnvelopes(_ body: ByteBuffer, limit: Int, seed: UInt8) {
  let expected = ExpectedEnvelopes(Array(body.readableBytesView), limit: limit)
  for cut in Cut.allCases {
    var decoder = EnvelopeDecoder(maximumLength: limit)
    var envelopes: [ExpectedEnvelopes.Envelope] = []
    do throws(UserAPIError) {
      for piece in body.pieces(cut, seed: seed) {
        decoder.append(piece)
        while let envelope = try decoder.next() {
          envelopes.append(
            .init(
              flags: envelope.flags.rawValue, payload: Array(envelope.payload.readableBytesView))
          )
        }
      }
      check(expected.refusal == nil, "\(cut): nothing is refused")
      check(decoder.isAtBoundary == expected.isAtBoundary, "\(cut): the boundary")
    } catch {
      check(expected.refusal == error.reason, "\(cut): \(error.reason)")
    }
    check(envelopes == expected.envelopes, "\(cut): \(envelopes)")
  }
}
