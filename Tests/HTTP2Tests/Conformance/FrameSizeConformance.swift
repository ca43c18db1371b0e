extension ConformanceCase {
  /// One long field and the most padding, so that the fields stay under the server's own limit.
  private static let largestHeaders: Frame = {
    let base = Frame.literal(Frame.fields())
    let value = String(repeating: "v", count: 16_384 - 1 - base.count - 6 - 255)
    return .block(
      1, [255] + base + Frame.literal([("a", value)]) + Frame.zeros(255), flags: [.whole, .padded])
  }()

  static let frameSize = [
    ConformanceCase(
      "4.2: DATA of 2^14 bytes", .open(1), .data(1, Frame.zeros(16_384), flags: .endStream),
      gives: .answered([1])),
    // A stream error would do (5.4.2); every stream error may be a connection error (5.4.1).
    ConformanceCase(
      "4.2: DATA of 2^14 + 1 bytes", .open(1), .data(1, Frame.zeros(16_385), flags: .endStream),
      gives: .connectionError(.frameSizeError, last: 1)),
    ConformanceCase(
      "4.2: HEADERS of 2^14 bytes", Self.largestHeaders, gives: .answered([1])),
    ConformanceCase(
      "4.2: HEADERS of 2^14 + 1 bytes", .block(1, Frame.zeros(16_385)),
      gives: .connectionError(.frameSizeError)),
    ConformanceCase(
      "4.2: CONTINUATION of 2^14 + 1 bytes", .request(1, flags: .endStream),
      Frame(type: 0x9, flags: .endHeaders, stream: 1, payload: Frame.zeros(16_385)),
      gives: .connectionError(.frameSizeError, last: 1)),
    ConformanceCase(
      "4.2: an unknown frame of 2^14 + 1 bytes", Frame(type: 0xbb, payload: Frame.zeros(16_385)),
      gives: .connectionError(.frameSizeError)),
    ConformanceCase(
      "4.2: SETTINGS of more than 2^14 bytes", Frame(type: 0x4, payload: Frame.zeros(16_386)),
      gives: .connectionError(.frameSizeError)),
    // A stream error (6.3) made a connection error (5.4.1).
    ConformanceCase(
      "6.3: PRIORITY of four bytes", Frame(type: 0x2, stream: 1, payload: Frame.zeros(4)),
      gives: .connectionError(.frameSizeError)),
    ConformanceCase(
      "6.3: PRIORITY of six bytes", Frame(type: 0x2, stream: 1, payload: Frame.zeros(6)),
      gives: .connectionError(.frameSizeError)),
    ConformanceCase(
      "6.2: HEADERS too short for its priority",
      .block(1, Frame.zeros(4), flags: [.whole, .priority]),
      gives: .connectionError(.frameSizeError)),
    ConformanceCase(
      "6.4: RST_STREAM of three bytes", .open(1),
      Frame(type: 0x3, stream: 1, payload: Frame.zeros(3)),
      gives: .connectionError(.frameSizeError, last: 1)),
    ConformanceCase(
      "6.4: RST_STREAM of five bytes", .open(1),
      Frame(type: 0x3, stream: 1, payload: Frame.zeros(5)),
      gives: .connectionError(.frameSizeError, last: 1)),
    ConformanceCase(
      "6.5: SETTINGS of three bytes", Frame(type: 0x4, payload: Frame.zeros(3)),
      gives: .connectionError(.frameSizeError)),
    ConformanceCase(
      "6.5: SETTINGS of seven bytes", Frame(type: 0x4, payload: Frame.zeros(7)),
      gives: .connectionError(.frameSizeError)),
    ConformanceCase(
      "6.5: an acknowledgement with settings",
      Frame(type: 0x4, flags: .ack, payload: [0, 2, 0, 0, 0, 0]),
      gives: .connectionError(.frameSizeError)),
    ConformanceCase(
      "6.5: an acknowledgement of one byte", Frame(type: 0x4, flags: .ack, payload: [0]),
      gives: .connectionError(.frameSizeError)),
    ConformanceCase(
      "6.7: a PING of six bytes", .ping(Frame.zeros(6)),
      gives: .connectionError(.frameSizeError)),
    ConformanceCase(
      "6.7: a PING of nine bytes", .ping(Frame.zeros(9)),
      gives: .connectionError(.frameSizeError)),
    ConformanceCase(
      "6.7: a PING answer of seven bytes", .ping(Frame.zeros(7), flags: .ack),
      gives: .connectionError(.frameSizeError)),
    ConformanceCase(
      "6.8: GOAWAY of seven bytes", Frame(type: 0x7, payload: Frame.zeros(7)),
      gives: .connectionError(.frameSizeError)),
    ConformanceCase(
      "6.9: WINDOW_UPDATE of three bytes", Frame(type: 0x8, payload: Frame.zeros(3)),
      gives: .connectionError(.frameSizeError)),
    ConformanceCase(
      "6.9: WINDOW_UPDATE of five bytes on a stream", .open(1),
      Frame(type: 0x8, stream: 1, payload: Frame.zeros(5)),
      gives: .connectionError(.frameSizeError, last: 1)),
  ]
}
